// Pipes around splice: their size, packets, duplicates, ends that close, and reads and writes in
// between.
#include <limits.h>
#include <sys/uio.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

constexpr int kSizes[] = {0,     1,     4096,   4097,    8192, 65535,
                          65536, 65537, 131072, 1 << 20, -1,   INT_MAX};

// No byte is lost, but where packets pass between a pipe of packets and a plain one, which keeps
// no boundaries, they may be joined or cut.
constexpr Allowed boundaries(const char* lines) {
  return {.why = "a splice between packets and plain bytes joins or cuts packets", .only = lines};
}

}  // namespace

GROUP("pipes: F_SETPIPE_SZ, by what is in the pipe") {
  std::vector<Case> cases;
  for (const Load& load : loads()) {
    cases.push_back({std::string("F_SETPIPE_SZ of a pipe with ") + load.name,
                     [&](World& w) {
                       for (const int size : kSizes) {
                         const Pipe p = loaded_pipe(w, load);
                         w.header("size %d", size);
                         w.set_size(p.r, size);
                         const int fd = w.file(bytes(300000));
                         w.splice(fd, at(0), p.w, kNone, kHuge, kNonblock);
                         w.readable(p.r);
                         w.poll(p.w, POLLOUT);
                         w.set_size(p.w, 4096);
                         w.rest("pipe", p.r);
                         w.set_size(p.w, 4096);
                         w.splice(fd, at(0), p.w, kNone, kHuge, kNonblock);
                         w.rest("pipe", p.r);
                         w.fresh();
                       }
                     },
                     allowed_for(load.scattered) + on_posix(kUnknownSize)});
  }
  check(cases);
}

GROUP("pipes: splice mixed with read and write") {
  check({
      {"write, splice a part, read the rest",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(1000));
         const int fd = w.file("");
         w.splice(p.r, fd, 300);
         w.write(p.w, bytes(50, 2));
         w.read(p.r, 100);
         w.splice(p.r, fd, 300);
         w.read(p.r, 10000);
         w.content("file", fd);
       }},
      {"splice in, read in pieces",
       [](World& w) {
         const Pipe p = w.pipe();
         w.splice(w.file(bytes(10000)), p.w, 10000);
         for (const size_t n : {1, 4095, 4096, 10, 5000}) w.read(p.r, n);
       }},
      {"vmsplice, write, splice in, read all",
       [](World& w) {
         const Pipe p = w.pipe();
         w.vmsplice(p.w, bytes(10, 1));
         w.write(p.w, bytes(10, 2));
         w.splice(w.file(bytes(10, 3)), p.w, 10);
         w.write(p.w, bytes(10, 4));
         w.readable(p.r);
         w.read(p.r, 100);
       }},
      {"through duplicates of both ends",
       [](World& w) {
         const Pipe p = w.pipe();
         const int r = w.dup(p.r);
         const int out = w.keep(w.sys.fcntl(p.w, F_DUPFD_CLOEXEC, 100));
         w.splice(w.file(bytes(100)), out, 50);
         w.write(p.w, bytes(10, 2));
         w.read(r, 20);
         w.splice(p.r, w.file(""), 10);
         w.readable(r);
         w.close(p.r);
         w.read(r, 100);
         w.close(p.w);
         w.write(out, "still open");
         w.read(r, 100);
         w.close(out);
         w.read(r, 100);
       }},
      {"readv, preadv2 and writev",
       [](World& w) {
         const Pipe p = w.pipe();
         w.splice(w.file(bytes(100)), p.w, 100);
         char a[30] = {}, b[30] = {};
         const iovec v[] = {{a, sizeof a}, {b, sizeof b}};
         w.call("readv", [&] { return w.sys.readv(p.r, v, 2); });
         w.note("%.30s|%.30s", a, b);
         w.call("preadv2", [&] { return w.sys.preadv2(p.r, v, 2, -1, RWF_NOWAIT); });
         w.note("%.30s|%.30s", a, b);
         w.call("preadv2 at 0", [&] { return w.sys.preadv2(p.r, v, 2, 0, 0); });
         w.call("writev", [&] { return w.sys.writev(p.w, v, 2); });
         const iovec empty[] = {{nullptr, 0}, {a, 10}, {a, 0}, {b, 20}, {nullptr, 0}};
         w.call("writev, some of nothing", [&] { return w.sys.writev(p.w, empty, 5); });
         w.call("readv, some of nothing", [&] { return w.sys.readv(p.r, empty, 5); });
         w.rest("pipe", p.r);
       }},
      {"reads with bad arguments leave the bytes",
       [](World& w) {
         const Pipe p = w.pipe();
         w.splice(w.file(bytes(100)), p.w, 100);
         w.call("read to bad address", [&] { return w.sys.read(p.r, nullptr, 10); });
         w.call("read of nothing", [&] { return w.sys.read(p.r, nullptr, 0); });
         w.call("read of the write end", [&] { return w.sys.read(p.w, nullptr, 1); });
         w.call("write to the read end", [&] { return w.sys.write(p.r, "x", 1); });
         w.call("readv of -1", [&] { return w.sys.readv(p.r, nullptr, -1); });
         w.call("write from bad address", [&] { return w.sys.write(p.w, nullptr, 10); });
         w.rest("pipe", p.r);
       }},
      {"a pipe over another: dup2 onto both ends",
       [](World& w) {
         const Pipe a = w.pipe_of("old"), b = w.pipe_of("new");
         w.splice(w.file(bytes(20)), a.w, 20);
         w.call("dup2", [&] { return w.sys.dup2(b.r, a.r) == a.r; });
         w.poll(a.w, POLLOUT);
         w.write(a.w, "nobody reads");
         w.call("dup3", [&] { return w.sys.dup3(b.w, a.w, O_CLOEXEC) == a.w; });
         w.splice(w.file(bytes(20, 2)), a.w, 20);
         w.rest("pipe", a.r);
       }},
      {"descriptor numbers are used again",
       [](World& w) {
         for (int i = 0; i < 20; ++i) {
           const Pipe p = w.pipe();
           w.splice(w.file(bytes(100 + i, i)), p.w, 1000);
           w.tee(p.r, w.pipe().w, 50, kNonblock);
           w.readable(p.r);
           w.fresh();
           const Pipe q = w.pipe();
           w.readable(q.r);
           w.fresh();
           const int fd = w.file("file");
           w.readable(fd);
           w.fresh();
         }
       }},
  });
}

GROUP("pipes: ends that close") {
  check({
      {"writer closes: the bytes, then the end",
       [](World& w) {
         const Pipe p = w.pipe();
         w.splice(w.file(bytes(100)), p.w, 100);
         w.close(p.w);
         w.poll(p.r, POLLIN);
         const int fd = w.file("");
         w.splice(p.r, fd, 60);
         w.poll(p.r, POLLIN);
         w.splice(p.r, fd, 60);
         w.poll(p.r, POLLIN);
         w.splice(p.r, fd, 60);
         w.read(p.r, 1);
         w.content("file", fd);
       }},
      {"reader closes: SIGPIPE on every way in",
       [](World& w) {
         const Pipe p = w.pipe(), q = w.pipe_of("data");
         w.splice(w.file(bytes(100)), p.w, 50);
         w.close(p.r);
         w.poll(p.w, POLLOUT);
         w.splice(w.file(bytes(100)), p.w, 50);
         w.splice(w.file(""), p.w, 50);
         w.splice(q.r, p.w, 50);
         w.tee(q.r, p.w, 50);
         w.vmsplice(p.w, "x");
         w.write(p.w, "x");
         w.sendfile(p.w, w.file(bytes(100)), kNone, 10);
         w.splice(w.sockets(SOCK_STREAM).a, p.w, 10, kNonblock);
         w.rest("in", q.r);
       }},
      {"only one of two readers closes",
       [](World& w) {
         const Pipe p = w.pipe();
         const int second = w.dup(p.r);
         w.splice(w.file(bytes(100)), p.w, 50);
         w.close(p.r);
         w.splice(w.file(bytes(100)), p.w, 50);
         w.rest("pipe", second);
       }},
      {"both ends close, the reader first",
       [](World& w) {
         const Pipe p = w.pipe();
         w.splice(w.file(bytes(100)), p.w, 50);
         w.close(p.r);
         w.close(p.w);
         w.call("close again", [&] { return w.sys.close(p.w); });
       }},
  });
}

GROUP("pipes: packets (O_DIRECT)") {
  check({
      {"written packets spliced to a pipe of packets",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT), b = w.pipe(O_DIRECT);
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         w.splice(a.r, b.w, 25, kNonblock);
         w.splice(a.r, b.w, 100, kNonblock);
         w.packets("in", a.r);
         w.packets("out", b.r);
       }},
      {"written packets spliced to a plain pipe",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT), b = w.pipe();
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         w.splice(a.r, b.w, 100, kNonblock);
         w.packets("out", b.r);
       },
       {boundaries("  out packet")}},
      {"tee of packets",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT), b = w.pipe(O_DIRECT);
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         w.tee(a.r, b.w, 25, kNonblock);
         w.packets("in", a.r);
         w.packets("out", b.r);
       }},
      {"packets to a file",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT);
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         const int fd = w.file("");
         w.splice(a.r, fd, 25);
         w.content("file", fd);
         w.packets("in", a.r);
       }},
      {"file into a pipe of packets",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT);
         w.splice(w.file(bytes(6000)), a.w, 6000);
         w.write(a.w, bytes(10));
         w.packets("out", a.r);
       },
       {boundaries("  out packet")}},
      {"vmsplice out of packets",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT);
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         char memory[100] = {};
         const iovec iov = {memory, 25};
         w.vmsplice(a.r, &iov, 1);
         w.note("%s", memory);
         w.packets("in", a.r);
       }},
      {"a short read throws the rest of a packet away",
       [](World& w) {
         const Pipe a = w.pipe(O_DIRECT), b = w.pipe();
         for (const int n : {10, 20, 30}) w.write(a.w, bytes(n, n));
         w.tee(a.r, b.w, 15);
         w.read(a.r, 5);
         w.packets("in", a.r);
         w.packets("tee", b.r);
       },
       {boundaries("  tee packet")}},
      {"a pipe that becomes one of packets half-way",
       [](World& w) {
         const Pipe a = w.pipe();
         w.splice(w.file(bytes(100)), a.w, 100);
         w.call("F_SETFL", [&] { return w.sys.fcntl(a.w, F_SETFL, O_DIRECT); });
         w.write(a.w, bytes(10, 1));
         w.write(a.w, bytes(20, 2));
         w.splice(w.file(bytes(100)), a.w, 30);
         w.packets("pipe", a.r);
       },
       {boundaries("  pipe packet")}},
  });
}

}  // namespace oracle
