// splice: which kinds of descriptor it takes, and in which order it checks its arguments.
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"

namespace oracle {
namespace {

struct Arguments {
  Offset off_in = kNone, off_out = kNone;
  size_t len = 100;
  unsigned flags = kNonblock;
};

// One call on two new ends, and a look at both.
void try_pair(World& w, const Kind& in, const Kind& out, const Arguments& a) {
  if (left_out(in, out) || left_out(a.off_in) || left_out(a.off_out)) return w.leave_out();
  const End source = in.make(w), target = out.make(w);
  w.header("%s @%s -> %s @%s, len %zu, flags %#x", in.name, to_string(a.off_in).c_str(), out.name,
           to_string(a.off_out).c_str(), a.len, a.flags);
  w.splice(source.fd, a.off_in, target.fd, a.off_out, a.len, a.flags);
  if (source.look) source.look();
  if (target.look) target.look();
  w.fresh();
}

const std::vector<Offset> kOffsets = {
    kNone, at(0),          at(5), at(5000), at(-1), at(INT64_MAX), at(INT64_MAX - 10),
    kBad,  read_only_at(5)};
const std::vector<size_t> kLengths = {0, 1, 100, 4096, 65536, 70000, SSIZE_MAX, SIZE_MAX};
const std::vector<unsigned> kFlags = {0x00, 0x01, 0x02, 0x04, 0x08, 0x0f, 0x10, 0x80000000};

// The flags a call has here: all of them with SPLICE_F_NONBLOCK, and unknown ones.
std::vector<Arguments> variations(bool of_input) {
  std::vector<Arguments> all;
  const auto with = [&](Offset offset, size_t len, unsigned flags) {
    Arguments a = {kNone, kNone, len, flags};
    (of_input ? a.off_in : a.off_out) = offset;
    all.push_back(a);
  };
  for (Offset offset : kOffsets) {
    for (size_t len : kLengths) with(offset, len, kNonblock);
  }
  for (unsigned flags : kFlags) {
    for (size_t len : {0, 100}) {
      with(kNone, len, flags | kNonblock);
      with(at(5), len, flags | kNonblock);
    }
  }
  return all;
}

std::vector<Case> arguments_of_every_kind(bool as_input) {
  const Kind& pipe = kind(as_input ? "pipe write end" : "pipe read end");
  std::vector<Case> cases;
  for (const Kind& one : kinds()) {
    cases.push_back({std::string("splice ") + (as_input ? "from " : "to ") + one.name,
                     [&, as_input](World& w) {
                       for (const Arguments& a : variations(as_input)) {
                         as_input ? try_pair(w, one, pipe, a) : try_pair(w, pipe, one, a);
                       }
                     },
                     !as_input && std::string_view(one.name) == "UDP" ? on_posix(kNoSegments)
                                                                      : std::vector<Allowed>{}});
  }
  return cases;
}

}  // namespace

GROUP("splice: every pair of kinds") {
  std::vector<Case> cases;
  for (const Kind& in : kinds()) {
    cases.push_back({std::string("splice pairs: ") + in.name, [&](World& w) {
                       for (const Kind& out : kinds()) try_pair(w, in, out, {});
                     }});
  }
  check(cases);
}

GROUP("splice: offsets, lengths and flags, from every kind") {
  check(arguments_of_every_kind(true));
}

GROUP("splice: offsets, lengths and flags, to every kind") {
  check(arguments_of_every_kind(false));
}

// Every combination of things that are wrong: the answer tells which is looked at first.
GROUP("splice: order of the checks") {
  const std::vector<const char*> ins = {"pipe read end",
                                        "pipe read end, empty",
                                        "pipe read end, at its end",
                                        "pipe write end",
                                        "closed",
                                        "file",
                                        "file, O_WRONLY",
                                        "file, O_PATH",
                                        "directory",
                                        "unix stream",
                                        "unix stream, unconnected",
                                        "eventfd",
                                        "/dev/zero"};
  const std::vector<const char*> outs = {"pipe write end",
                                         "pipe write end, full",
                                         "pipe write end, no reader",
                                         "pipe read end",
                                         "closed",
                                         "file",
                                         "file, O_RDONLY",
                                         "file, O_APPEND",
                                         "directory",
                                         "unix stream",
                                         "file, O_APPEND O_RDONLY",
                                         "TCP, listening",
                                         "/dev/full"};
  const std::vector<Offset> offsets = {kNone, at(0), at(-1), at(INT64_MAX), kBad};
  std::vector<Case> cases;
  for (const char* in : ins) {
    for (const char* out : outs) {
      cases.push_back(
          {std::string("splice order: ") + in + " -> " + out, [=](World& w) {
             for (Offset off_in : offsets) {
               for (Offset off_out : offsets) {
                 for (size_t len : {size_t{0}, size_t{1}, size_t{SSIZE_MAX}, SIZE_MAX}) {
                   try_pair(w, kind(in), kind(out), {off_in, off_out, len, kNonblock});
                 }
                 try_pair(w, kind(in), kind(out), {off_in, off_out, 1, 0x11});
               }
             }
           }});
    }
  }
  check(cases);
}

GROUP("splice: a pipe with itself") {
  check({
      {"splice: read end -> write end of the same pipe",
       [](World& w) {
         const Pipe p = w.pipe_of("data");
         w.splice(p.r, p.w, 4, kNonblock);
         w.splice(p.r, p.w, 0);
         w.splice(p.r, kBad, p.w, kNone, 4);
         w.splice(p.r, kNone, p.w, kBad, 4);
         w.splice(p.r, p.w, 4, 0x10);
         w.rest("pipe", p.r);
       }},
      {"splice: the same pipe through duplicates",
       [](World& w) {
         const Pipe p = w.pipe_of("data");
         w.splice(w.dup(p.r), w.dup(p.w), 4, kNonblock);
         w.rest("pipe", p.r);
       }},
      {"splice: a FIFO with itself",
       [](World& w) {
         const Pipe p = w.fifo(O_RDWR);
         w.splice(p.r, p.w, 4, kNonblock);
         w.splice(p.r, p.r, 4, kNonblock);
       }},
  });
}

// Refused by this kernel (EINVAL); the engine carries them, byte for byte as read gives them.
GROUP("splice: files that can only be read") {
  std::vector<Case> cases;
  for (const char* path : refused_files()) {
    for (const bool with_offset : {false, true}) {
      cases.push_back(
          {std::string("splice from ") + path + (with_offset ? ", offset" : ""),
           [=](World& w) {
             const int fd = w.open(path, O_RDONLY);
             const Pipe p = w.pipe();
             // Nothing of these files changes while nobody looks, but for counters in stat.
             if (w.splice(fd, with_offset ? at(3) : kNone, p.w, kNone, 20, kNonblock) < 0) return;
             std::string expected(20, '\0'), carried(20, '\0');
             const ssize_t n = ::pread(fd, expected.data(), 20, with_offset ? 3 : 0);
             const ssize_t m = w.sys.read(p.r, carried.data(), 20);
             w.note("as read: %s, at %lld", n == m && expected == carried ? "yes" : "no",
                    static_cast<long long>(lseek(fd, 0, SEEK_CUR)));
           },
           {{.why = "procfs file that this kernel refuses to splice", .instead = "as read: yes"}}});
    }
  }
  check(cases);
}

}  // namespace oracle
