// sendfile: kinds, the order of the checks, offsets and positions, and outputs that take no more.
#include <limits.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

void try_pair(World& w, const Kind& out, const Kind& in, Offset offset, size_t count) {
  if (left_out(in, out) || left_out(offset)) return w.leave_out();
  const End source = in.make(w), target = out.make(w);
  w.header("%s @%s -> %s, count %zu", in.name, to_string(offset).c_str(), out.name, count);
  w.sendfile(target.fd, source.fd, offset, count);
  if (source.look) source.look();
  if (target.look) target.look();
  w.fresh();
}

// sendfile knows no SPLICE_F_NONBLOCK, so ends that could wait are kept out of the big tables.
bool may_wait(const Kind& one) {
  const std::string name = one.name;
  return name == "pipe write end, full" || name == "pipe read end, empty";
}

}  // namespace

GROUP("sendfile: every pair of kinds") {
  std::vector<Case> cases;
  for (const Kind& in : kinds()) {
    if (may_wait(in)) continue;
    cases.push_back({std::string("sendfile pairs: ") + in.name, [&](World& w) {
                       for (const Kind& out : kinds()) {
                         if (may_wait(out)) continue;
                         for (const Offset offset : {kNone, at(5)}) {
                           try_pair(w, out, in, offset, 100);
                         }
                       }
                     }});
  }
  check(cases);
}

GROUP("sendfile: order of the checks") {
  const std::vector<const char*> ins = {"pipe read end",        "closed",       "file",
                                        "file, O_WRONLY",       "file, O_PATH", "directory",
                                        "unix stream",          "eventfd",      "file, at its end",
                                        "file, beyond its end", "/proc/version"};
  const std::vector<const char*> outs = {"pipe write end",
                                         "pipe write end, no reader",
                                         "pipe read end",
                                         "closed",
                                         "file",
                                         "file, O_RDONLY",
                                         "file, O_APPEND",
                                         "directory",
                                         "unix stream",
                                         "file, O_APPEND O_RDONLY",
                                         "TCP",
                                         "TCP, listening",
                                         "/dev/full",
                                         "/dev/null",
                                         "memfd, no writing"};
  std::vector<Case> cases;
  for (const char* in : ins) {
    for (const char* out : outs) {
      cases.push_back(
          {std::string("sendfile order: ") + in + " -> " + out,
           [=](World& w) {
             for (const Offset offset :
                  {kNone, at(0), at(5), at(995), at(5000), at(-1), at(INT64_MAX),
                   at(INT64_MAX - 10), kBad, read_only_at(5)}) {
               for (const size_t count : {size_t{0}, size_t{1}, size_t{100}, size_t{1} << 31,
                                          size_t{SSIZE_MAX}, SIZE_MAX}) {
                 try_pair(w, kind(out), kind(in), offset, count);
               }
             }
           },
           std::string_view(in) == "/proc/version" || std::string_view(in) == "directory"
               ? on_posix(kUnknownLimit)
               : std::vector<Allowed>{}});
    }
  }
  check(cases);
}

GROUP("sendfile: into a pipe, by what is in it") {
  std::vector<Case> cases;
  for (const Load& load : loads()) {
    cases.push_back({std::string("sendfile -> pipe with ") + load.name,
                     [&](World& w) {
                       for (const size_t count : {1, 4096, 4097, 61440, 65536, 100000}) {
                         for (const Offset offset : {kNone, at(1), at(70000)}) {
                           const Pipe p = w.pipe(O_NONBLOCK);
                           load.put(w, p.w);
                           const int fd = w.file(bytes(80000));
                           lseek(fd, 3, SEEK_SET);
                           w.header("count %zu, at %s", count, to_string(offset).c_str());
                           w.sendfile(p.w, fd, offset, count);
                           w.position("file", fd);
                           w.rest("pipe", p.r);
                           w.fresh();
                         }
                       }
                     },
                     allowed_for(load.scattered)});
  }
  check(cases);
}

GROUP("sendfile: files") {
  check({
      {"sendfile: large file to file",
       [](World& w) {
         const int in = w.file(bytes(300000)), out = w.file("");
         w.sendfile(out, in, kNone, 200000);
         w.sendfile(out, in, at(250000), 100000);
         w.position("in", in);
         w.content("out", out);
         w.sendfile(out, in, kNone, SSIZE_MAX);
         w.sendfile(out, in, kNone, SIZE_MAX);
         w.content("out", out);
       }},
      {"sendfile: positions of both",
       [](World& w) {
         const int in = w.file(bytes(1000)), out = w.file(bytes(1000, 2));
         lseek(in, 100, SEEK_SET);
         lseek(out, 500, SEEK_SET);
         w.sendfile(out, in, kNone, 50);
         w.position("in", in);
         w.content("out", out);
         w.sendfile(out, in, at(900), 500);
         w.position("in", in);
         w.content("out", out);
       }},
      {"sendfile: a one-byte file onto itself",
       [](World& w) {
         const int fd = w.file("x");
         w.sendfile(fd, fd, kNone, 100);
         w.content("file", fd);
         w.sendfile(fd, fd, at(0), 100);
         w.content("file", fd);
       }},
      {"sendfile: a one-byte file onto itself, 10 MiB",
       [](World& w) {
         const int fd = w.file("x");
         w.sendfile(fd, fd, at(0), 10 << 20);
         w.content("file", fd);
       }},
      {"sendfile: onto itself through two descriptors",
       [](World& w) {
         const int fd = w.file(bytes(1000)), same = w.dup(fd);
         const int other = w.open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR);
         w.sendfile(same, fd, kNone, 100);
         w.content("file", fd);
         w.sendfile(other, fd, at(0), 3000);
         w.content("file", other);
         w.sendfile(other, fd, kNone, 300);
         w.position("first", fd);
         w.content("other", other);
       }},
      {"sendfile: RLIMIT_FSIZE half-way",
       [](World& w) {
         const int in = w.file(bytes(100000)), out = w.file("");
         const rlimit limit = {70000, 70000};
         setrlimit(RLIMIT_FSIZE, &limit);
         w.sendfile(out, in, kNone, 100000);
         w.position("in", in);
         w.sendfile(out, in, kNone, 100000);
         w.position("in", in);
         w.sendfile(out, in, at(5), 100000);
         w.content("out", out);
       }},
      {"sendfile: a file that shrank and grew",
       [](World& w) {
         const int in = w.file(bytes(1000)), out = w.file("");
         w.sendfile(out, in, kNone, 500);
         if (ftruncate(in, 100) != 0) w.skip("cannot truncate");
         w.sendfile(out, in, kNone, 500);
         if (ftruncate(in, 700) != 0) w.skip("cannot grow");
         w.sendfile(out, in, kNone, 500);
         w.position("in", in);
         w.content("out", out);
       }},
      {"sendfile: zeros from a device",
       [](World& w) {
         const int zero = w.open("/dev/zero", O_RDONLY);
         const int out = w.file("");
         w.sendfile(out, zero, kNone, 100000);
         w.sendfile(out, zero, at(5), 1000);
         w.content("out", out);
       }},
      {"sendfile: one byte, one access and one modify event",
       [](World& w) {
         const std::string path = std::string(w.directory()) + "/n" + std::to_string(getpid());
         const int fd = w.open(path.c_str(), O_RDWR | O_CREAT);
         const int in = w.file("source"), out = w.file("");
         const int watch = w.keep(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
         if (::write(fd, "source", 6) != 6) w.skip("cannot write");
         inotify_add_watch(watch, path.c_str(), IN_ACCESS | IN_MODIFY);
         unlink(path.c_str());
         w.sendfile(out, fd, at(0), 1);
         w.sendfile(fd, in, kNone, 1);
         char events[4096];
         const ssize_t n = ::read(watch, events, sizeof events);
         w.note("%zd bytes of events", n);
         for (ssize_t i = 0; i + static_cast<ssize_t>(sizeof(inotify_event)) <= n;
              i += sizeof(inotify_event)) {
           w.note("event %#x", reinterpret_cast<inotify_event*>(events + i)->mask);
         }
       }},
  });
}

GROUP("sendfile: to sockets and pipes that take only a part") {
  std::vector<Case> cases;
  for (const bool with_offset : {false, true}) {
    const Offset offset = with_offset ? at(10) : kNone;
    const char* how = with_offset ? ", offset" : "";
    cases.push_back({std::string("sendfile: non-blocking pipe") + how, [=](World& w) {
                       const Pipe p = w.pipe(O_NONBLOCK);
                       const int fd = w.file(bytes(200000));
                       for (int i = 0; i < 3; ++i) w.sendfile(p.w, fd, offset, 200000);
                       w.position("in", fd);
                       w.rest("pipe", p.r);
                       w.sendfile(p.w, fd, offset, 200000);
                       w.rest("pipe", p.r);
                     }});
    cases.push_back({std::string("sendfile: full non-blocking unix socket") + how, [=](World& w) {
                       const Pair s = w.sockets(SOCK_STREAM, SOCK_NONBLOCK);
                       const std::string data(100000, 'f');
                       while (::send(s.a, data.data(), data.size(), MSG_DONTWAIT) > 0) continue;
                       const int fd = w.file(bytes(1000));
                       w.sendfile(s.a, fd, offset, 100);
                       w.position("in", fd);
                     }});
  }
  check(cases);
}

}  // namespace oracle
