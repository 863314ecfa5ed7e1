// Watching a pipe: poll, select, epoll and FIONREAD tell the truth at all times.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/epoll.h"
#include "tools/conform/cases/loads.h"
#include "tools/descriptor_message.h"

namespace oracle {
namespace {

void everything(World& w, Pipe p) {
  w.poll(p.r, POLLIN | POLLRDNORM | POLLPRI);
  w.poll(p.w, POLLOUT | POLLWRNORM);
  w.select(p.r);
  w.select(p.w);
  w.readable(p.r);
  w.readable(p.w);
}

}  // namespace

GROUP("watching: every load, before and after") {
  std::vector<Case> cases;
  for (const Load& load : loads()) {
    cases.push_back({std::string("watching a pipe with ") + load.name,
                     [&](World& w) {
                       const Pipe p = loaded_pipe(w, load), copy = w.pipe();
                       everything(w, p);
                       w.tee(p.r, copy.w, 100, kNonblock);
                       everything(w, p);
                       everything(w, copy);
                       w.splice(p.r, w.file(""), 5, kNonblock);
                       everything(w, p);
                       w.splice(p.r, w.file(""), 1 << 20, kNonblock);
                       everything(w, p);
                       w.close(p.w);
                       w.poll(p.r, POLLIN);
                       w.select(p.r);
                       w.readable(p.r);
                     },
                     allowed_for(load.scattered)});
    for (const bool edge : {false, true}) {
      std::vector<Allowed> allowed = allowed_for(load.scattered);
      if (edge) allowed.push_back(kExtraEdge);
      cases.push_back({std::string(edge ? "edge" : "level") + " epoll on a pipe with " + load.name,
                       [&load, edge](World& w) {
                         const uint32_t how = edge ? uint32_t{EPOLLET} : 0;
                         const Pipe p = w.pipe(O_NONBLOCK), copy = w.pipe();
                         const int e = watcher(w);
                         add(w, e, p.r, EPOLLIN | how);
                         events(w, e);
                         load.put(w, p.w);
                         events(w, e);
                         w.tee(p.r, copy.w, 100, kNonblock);
                         events(w, e, "epoll after tee");
                         events(w, e);
                         w.splice(p.r, w.file(""), 5, kNonblock);
                         events(w, e);
                         w.write(p.w, "more");
                         events(w, e);
                         w.splice(p.r, w.file(""), 1 << 20, kNonblock);
                         events(w, e);
                         w.close(p.w);
                         events(w, e);
                       },
                       allowed});
    }
  }
  check(cases);
}

GROUP("watching: waiting for a pipe") {
  check({
      {"poll waits, splice in releases it",
       [](World& w) {
         const Pipe p = w.pipe();
         const int fd = w.file(bytes(10));
         w.when_blocked([&] { w.sys.splice(fd, nullptr, p.w, nullptr, 10, 0); });
         w.poll(p.r, POLLIN, 5000);
         w.rest("pipe", p.r);
       }},
      {"poll waits, tee in releases it",
       [](World& w) {
         const Pipe p = w.pipe(), in = w.pipe_of("data");
         w.when_blocked([&] { w.sys.tee(in.r, p.w, 10, 0); });
         w.poll(p.r, POLLIN, 5000);
         w.rest("pipe", p.r);
         w.rest("in", in.r);
       }},
      {"poll waits for room, splice out releases it",
       [](World& w) {
         const Pipe p = w.full_pipe();
         const int fd = w.file("");
         w.when_blocked([&] { w.sys.splice(p.r, nullptr, fd, nullptr, 8192, 0); });
         w.poll(p.w, POLLOUT, 5000);
         w.readable(p.r);
       }},
      {"poll waits, the writer closes",
       [](World& w) {
         const Pipe p = w.pipe();
         w.when_blocked([&] {
           w.forget(p.w);
           w.sys.close(p.w);
         });
         w.poll(p.r, POLLIN, 5000);
       }},
      {"poll is interrupted",
       [](World& w) {
         const Pipe p = w.pipe();
         w.when_blocked([&] { w.interrupt(SIGUSR1); });
         w.poll(p.r, POLLIN, 5000);
       }},
      {"poll of many, with bytes that stay in one",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), q = w.pipe(), copy = w.pipe();
         w.tee(p.r, copy.w, 100);
         pollfd fds[] = {{q.r, POLLIN, 0},  {p.r, POLLIN, 0},  {-1, POLLIN, 0},
                         {q.w, POLLOUT, 0}, {9999, POLLIN, 0}, {p.r, 0, 0}};
         w.call("poll", [&] { return w.sys.poll(fds, 6, 5000); });
         for (const pollfd& one : fds) w.note("%#x", static_cast<unsigned>(one.revents));
         const timespec second = {1, 0};
         w.call("ppoll", [&] { return w.sys.ppoll(fds, 6, &second, nullptr); });
         for (const pollfd& one : fds) w.note("%#x", static_cast<unsigned>(one.revents));
       }},
      {"select of many, with bytes that stay in one",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), q = w.pipe(), copy = w.pipe();
         w.tee(p.r, copy.w, 100);
         fd_set r;
         FD_ZERO(&r);
         FD_SET(p.r, &r);
         FD_SET(q.r, &r);
         const timespec limit = {5, 0};
         w.call("pselect",
                [&] { return w.sys.pselect(64, &r, nullptr, nullptr, &limit, nullptr); });
         w.note("%d %d", FD_ISSET(p.r, &r), FD_ISSET(q.r, &r));
       }},
      {"edge epoll wakes again for new bytes, also spliced ones",
       [](World& w) {
         const Pipe p = w.pipe(), copy = w.pipe();
         const int e = watcher(w);
         add(w, e, p.r, EPOLLIN | EPOLLET);
         for (int i = 0; i < 3; ++i) {
           w.splice(w.file(bytes(10)), p.w, 10);
           events(w, e);
           events(w, e);
           w.tee(p.r, copy.w, 5);
           events(w, e, "epoll after tee");
         }
         w.rest("pipe", p.r);
       },
       {kExtraEdge}},
      {"fstat of a pipe",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         w.tee(p.r, copy.w, 100);
         struct stat st = {};
         fstat(p.r, &st);
         w.note("%o, size %lld", st.st_mode & S_IFMT, static_cast<long long>(st.st_size));
       }},
      {"SIGIO for spliced bytes",
       [](World& w) {
         const Pipe p = w.pipe();
         w.sys.fcntl(p.r, F_SETOWN, getpid());
         w.sys.fcntl(p.r, F_SETFL, O_ASYNC);
         w.write(p.w, "x");
         w.splice(w.file(bytes(10)), p.w, 10);
         w.vmsplice(p.w, "x");
         w.rest("pipe", p.r);
       }},
      {"a descriptor sent over a socket: the receiver reads the bytes",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         const Pair s = w.sockets(SOCK_STREAM);
         w.tee(p.r, copy.w, 60);
         DescriptorMessage sent(p.r), received;
         w.call("sendmsg", [&] { return w.sys.sendmsg(s.a, sent.header(), 0); });
         ::recvmsg(s.b, received.header(), MSG_CMSG_CLOEXEC);
         const int got = w.keep(received.descriptor());
         // Plain reads: the receiver may not know the engine at all.
         std::string data(1000, '\0');
         const ssize_t n = ::read(got, data.data(), data.size());
         w.note("received %s", n > 0 ? describe({data.data(), size_t(n)}).c_str() : "nothing");
       }},
      {"a pipe that is exposed: anybody reads the bytes",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         w.splice(w.file(bytes(10)), p.w, 10);
         w.tee(p.r, copy.w, 60);
         w.sys.expose(p.r, anysplice::SettleReason::kOpen);
         std::string data(1000, '\0');
         const ssize_t n = ::read(p.r, data.data(), data.size());
         w.note("read %s", n > 0 ? describe({data.data(), size_t(n)}).c_str() : "nothing");
       }},
  });
}

}  // namespace oracle
