// tee: which descriptors it takes, what it duplicates, and that it consumes nothing.
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

constexpr size_t kLengths[] = {0, 1, 50, 4096, 4097, 65535, 65536, kHuge};

void try_pair(World& w, const Kind& in, const Kind& out, size_t len, unsigned flags) {
  if (left_out(in, out)) return w.leave_out();
  const End source = in.make(w), target = out.make(w);
  w.header("%s -> %s, len %zu, flags %#x", in.name, out.name, len, flags);
  w.tee(source.fd, target.fd, len, flags);
  if (source.look) source.look();
  if (target.look) target.look();
  w.fresh();
}

}  // namespace

GROUP("tee: every pair of kinds") {
  std::vector<Case> cases;
  for (const Kind& in : kinds()) {
    cases.push_back({std::string("tee pairs: ") + in.name, [&](World& w) {
                       for (const Kind& out : kinds()) try_pair(w, in, out, 100, kNonblock);
                     }});
  }
  check(cases);
}

GROUP("tee: lengths, flags and the order of the checks") {
  const std::vector<const char*> ends = {
      "pipe read end", "pipe read end, empty", "pipe read end, at its end", "pipe write end",
      "closed",        "pipe write end, full", "pipe write end, no reader", "file",
      "file, O_PATH"};
  std::vector<Case> cases;
  for (const char* in : ends) {
    for (const char* out : ends) {
      cases.push_back({std::string("tee order: ") + in + " -> " + out, [=](World& w) {
                         for (const size_t len : kLengths) {
                           for (const unsigned flags : {2u, 3u, 6u, 0xau, 0xfu, 0x10u, 0x12u}) {
                             try_pair(w, kind(in), kind(out), len, flags);
                           }
                         }
                       }});
    }
  }
  check(cases);
}

GROUP("tee: by what is in both pipes") {
  check(between_loads("tee", [](World& w, int read_end, int write_end, size_t length) {
    w.tee(read_end, write_end, length, kNonblock);
  }));
}

GROUP("tee: what the input shows afterwards") {
  check({
      {"tee: a pipe with itself",
       [](World& w) {
         const Pipe p = w.pipe_of("data");
         w.tee(p.r, p.w, 4, kNonblock);
         w.tee(p.r, p.w, 0);
         w.tee(p.r, w.dup(p.w), 4, kNonblock);
         w.rest("pipe", p.r);
       }},
      {"tee: poll, FIONREAD, select, then reads",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(1000)), b = w.pipe();
         w.tee(a.r, b.w, 600);
         w.poll(a.r, POLLIN);
         w.select(a.r);
         w.readable(a.r);
         w.read(a.r, 500);
         w.readable(a.r);
         w.tee(a.r, b.w, 600);
         w.readable(a.r);
         w.readable(b.r);
         w.read(a.r, 10000);
         w.poll(a.r, POLLIN);
         w.rest("copy", b.r);
       }},
      {"tee: through duplicates",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(1000)), b = w.pipe();
         const int other = w.dup(a.r);
         w.tee(other, b.w, 600);
         w.readable(other);
         w.read(other, 100);
         w.close(a.r);
         w.read(other, 300);
         w.tee(other, b.w, 1000);
         w.rest("in", other);
         w.rest("copy", b.r);
       }},
      {"tee: then splice on, as tee(1) does",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(10000)), b = w.pipe();
         const int fd = w.file("");
         for (int i = 0; i < 3; ++i) {
           const ssize_t n = w.tee(a.r, b.w, 4000, kNonblock);
           for (ssize_t left = n; left > 0;) left -= w.splice(a.r, fd, left, SPLICE_F_MOVE);
         }
         w.content("file", fd);
         w.rest("copy", b.r);
       }},
      {"tee: to three pipes",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(9000));
         for (const size_t n : {9000, 5, 4097}) {
           const Pipe b = w.pipe();
           w.tee(a.r, b.w, n);
           w.rest("copy", b.r);
         }
         w.rest("in", a.r);
       }},
      {"tee: of a tee",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(100)), b = w.pipe(), c = w.pipe();
         w.tee(a.r, b.w, 70);
         w.tee(b.r, c.w, 50);
         w.write(b.w, "!");
         w.rest("a", a.r);
         w.rest("b", b.r);
         w.rest("c", c.r);
       }},
      {"tee: writing on after it changes no copy",
       [](World& w) {
         const Pipe a = w.pipe_of("first "), b = w.pipe();
         w.tee(a.r, b.w, 100);
         w.write(a.w, "second ");
         w.write(b.w, "third ");
         w.tee(a.r, b.w, 100);
         w.rest("a", a.r);
         w.rest("b", b.r);
       }},
      {"tee: then vmsplice out, sendfile and a socket",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(1000)), b = w.pipe();
         const Pair s = w.sockets(SOCK_STREAM);
         w.tee(a.r, b.w, 1000);
         char memory[100] = {};
         const iovec iov = {memory, 99};
         w.vmsplice(a.r, &iov, 1);
         w.note("%s", memory);
         w.sendfile(s.a, a.r, kNone, 10);
         w.splice(a.r, s.a, 200);
         w.received("peer", s.b);
         w.rest("in", a.r);
         w.rest("copy", b.r);
       }},
      {"tee: writer closed before",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(100)), b = w.pipe();
         w.close(a.w);
         w.tee(a.r, b.w, 60);
         w.poll(a.r, POLLIN);
         w.tee(a.r, b.w, 600);
         w.rest("in", a.r);
         w.tee(a.r, b.w, 600);
         w.rest("copy", b.r);
       }},
      {"tee: writer closes after",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(100)), b = w.pipe();
         w.tee(a.r, b.w, 60);
         w.close(a.w);
         w.poll(a.r, POLLIN);
         w.readable(a.r);
         w.rest("in", a.r);
       }},
      {"tee: a forked child reads on",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(1000)), b = w.pipe();
         w.tee(a.r, b.w, 600);
         w.in_child([&] {
           w.readable(a.r);
           w.read(a.r, 300);
         });
         w.readable(a.r);
         w.in_child([&] { w.tee(a.r, b.w, 100); });
         w.rest("in", a.r);
         w.rest("copy", b.r);
       }},
      {"tee: in a child, the parent reads on",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(1000)), b = w.pipe();
         w.in_child([&] {
           w.tee(a.r, b.w, 600);
           w.read(a.r, 10);
         });
         w.readable(a.r);
         w.rest("in", a.r);
         w.rest("copy", b.r);
       }},
      {"tee: of a full pipe, then write",
       [](World& w) {
         const Pipe a = w.full_pipe(O_NONBLOCK), b = w.pipe();
         w.tee(a.r, b.w, 5000);
         w.poll(a.w, POLLOUT);
         w.write(a.w, "x");
         w.read(a.r, 4095);
         w.poll(a.w, POLLOUT);
         w.write(a.w, "x");
         w.read(a.r, 1);
         w.poll(a.w, POLLOUT);
         w.write(a.w, "y");
         w.rest("in", a.r);
       }},
      {"tee: then F_SETPIPE_SZ",
       [](World& w) {
         const Pipe a = w.pipe_of(bytes(10000)), b = w.pipe();
         w.tee(a.r, b.w, 10000);
         w.set_size(a.r, 4096);
         w.set_size(a.r, 16384);
         w.set_size(b.r, 4096);
         w.rest("in", a.r);
         w.rest("copy", b.r);
       }},
  });
}

}  // namespace oracle
