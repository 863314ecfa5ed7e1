// Sockets at either end: partial sends, MSG_MORE, and peers that go away.
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

// Bytes the peer of a TCP socket has got, and those kept back for more to come.
void in_flight(World& w, Pair pair) {
  int unsent = -1, waiting = -1;
  ::ioctl(pair.a, SIOCOUTQNSD, &unsent);
  ::ioctl(pair.b, FIONREAD, &waiting);
  w.note("kept back %d, arrived %d", unsent, waiting);
}

// A kernel that has sixteen buffers to send at once, which is all that it passes on in one go, does
// so as if more were to follow.
std::vector<Allowed> allowed_to_send(const Load& load, unsigned flags) {
  if (flags != 0 || std::string_view(load.name) != "16 bytes by vmsplice") return {};
  return {
      {.why = "bytes from exactly 16 buffers leave a TCP socket at once", .only = "  kept back"}};
}

void timeout(int fd, int option, int ms) {
  const timeval limit = {0, ms * 1000};
  ::setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit);
}

}  // namespace

GROUP("sockets: partial sends") {
  std::vector<Case> cases;
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    cases.push_back(
        {"splice to a small unix socket of type " + std::to_string(type), [type](World& w) {
           const Pair s = w.sockets(type, SOCK_NONBLOCK);
           const int small = 1;
           ::setsockopt(s.a, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
           const Pipe p = w.pipe_of(bytes(60000), O_NONBLOCK);
           for (int i = 0; i < 8; ++i) {
             w.splice(p.r, s.a, 60000);
             w.readable(p.r);
             if (i % 2 != 0) w.received("peer", s.b);
           }
           w.rest("pipe", p.r);
         }});
  }
  for (const bool tcp : {false, true}) {
    const std::string name = tcp ? "TCP" : "unix stream";
    cases.push_back({"splice to a full non-blocking " + name, [tcp](World& w) {
                       const Pair s =
                           tcp ? w.tcp(SOCK_NONBLOCK) : w.sockets(SOCK_STREAM, SOCK_NONBLOCK);
                       fill_socket(s.a);
                       if (tcp) usleep(100'000);  // until the receiver's window is full, too
                       fill_socket(s.a);
                       const Pipe p = w.pipe_of(bytes(6000));
                       w.splice(p.r, s.a, 6000);
                       w.splice(p.r, s.a, 6000, kNonblock);
                       w.rest("pipe", p.r);
                     }});
    cases.push_back({"everything gets through a small " + name, [tcp](World& w) {
                       const Pair s =
                           tcp ? w.tcp(SOCK_NONBLOCK) : w.sockets(SOCK_STREAM, SOCK_NONBLOCK);
                       const int small = 4096;
                       ::setsockopt(s.a, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
                       const int fd = w.file(bytes(300000));
                       const Pipe p = w.pipe(O_NONBLOCK);
                       std::string all, chunk(1 << 20, '\0');
                       // How much each call moves depends on the receiver, all of it does not.
                       for (int i = 0; i < 100000 && all.size() < 300000; ++i) {
                         w.sys.splice(fd, nullptr, p.w, nullptr, 1 << 20, kNonblock);
                         w.sys.splice(p.r, nullptr, s.a, nullptr, 1 << 20, kNonblock);
                         const ssize_t n = ::recv(s.b, chunk.data(), chunk.size(), MSG_DONTWAIT);
                         if (n > 0) all.append(chunk, 0, n);
                         if (n < 0 && tcp) usleep(1000);
                       }
                       w.note("%s", describe(all).c_str());
                       w.rest("pipe", p.r);
                     }});
  }
  cases.push_back({"a send timeout", [](World& w) {
                     const Pair s = w.sockets(SOCK_STREAM);
                     fill_socket(s.a);
                     timeout(s.a, SO_SNDTIMEO, 60);
                     const Pipe p = w.pipe_of("data");
                     w.splice(p.r, s.a, 4);
                     w.sendfile(s.a, w.file("data"), kNone, 4);
                     w.rest("pipe", p.r);
                   }});
  cases.push_back({"a receive timeout", [](World& w) {
                     const Pair s = w.sockets(SOCK_STREAM);
                     timeout(s.a, SO_RCVTIMEO, 60);
                     const Pipe p = w.pipe();
                     w.splice(s.a, p.w, 100);
                     w.rest("pipe", p.r);
                   }});
  check(cases);
}

GROUP("sockets: SPLICE_F_MORE on TCP") {
  std::vector<Case> cases;
  for (const unsigned flags : {0u, unsigned{SPLICE_F_MORE}}) {
    for (const Load& load : loads()) {
      cases.push_back(
          {std::string("TCP from pipe with ") + load.name + (flags != 0 ? ", SPLICE_F_MORE" : ""),
           [&load, flags](World& w) {
             for (const size_t len : {1, 3, 140, 2000}) {
               const Pair s = w.tcp();
               const Pipe p = loaded_pipe(w, load);
               w.header("len %zu", len);
               w.splice(p.r, s.a, len, flags | kNonblock);
               in_flight(w, s);
               w.splice(p.r, s.a, len, kNonblock);
               ::shutdown(s.a, SHUT_WR);
               w.received("peer", s.b, 1000);
               w.fresh();
             }
           },
           flags != 0 ? on_posix(kNoSegments) : allowed_to_send(load, flags)});
    }
  }
  cases.push_back({"sendfile does not keep anything back", [](World& w) {
                     for (const size_t count : {10, 100, 1000, 5000}) {
                       const Pair s = w.tcp();
                       w.sendfile(s.a, w.file(bytes(1000)), kNone, count);
                       in_flight(w, s);
                       ::shutdown(s.a, SHUT_WR);
                       w.received("peer", s.b, 1000);
                     }
                   }});
  check(cases);
}

GROUP("sockets: peers that go away") {
  std::vector<Case> cases;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    cases.push_back({"unix peer closed, type " + std::to_string(type), [type](World& w) {
                       const Pair s = w.sockets(type);
                       ::send(s.b, "last words", 10, 0);
                       w.forget(s.b);
                       ::close(s.b);
                       const Pipe p = w.pipe_of("data"), q = w.pipe();
                       w.splice(p.r, s.a, 4);
                       w.sendfile(s.a, w.file("data"), kNone, 4);
                       w.rest("pipe", p.r);
                       w.splice(s.a, q.w, 100, kNonblock);
                       w.splice(s.a, q.w, 100, kNonblock);
                       w.splice(s.a, q.w, 100, kNonblock);
                       w.rest("received", q.r);
                     }});
  }
  for (const bool reset : {false, true}) {
    cases.push_back({reset ? "TCP peer reset" : "TCP peer closed", [reset](World& w) {
                       const Pair s = w.tcp();
                       const linger now = {1, 0};
                       if (reset) ::setsockopt(s.b, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                       ::send(s.b, "last words", 10, 0);
                       w.forget(s.b);
                       ::close(s.b);
                       const Pipe p = w.pipe_of("data"), q = w.pipe();
                       w.splice(s.a, q.w, 100, kNonblock);
                       w.splice(s.a, q.w, 100, kNonblock);
                       w.splice(p.r, s.a, 2);
                       w.splice(p.r, s.a, 2);
                       w.rest("pipe", p.r);
                       w.rest("received", q.r);
                     }});
  }
  cases.push_back({"own side shut down", [](World& w) {
                     const Pair s = w.sockets(SOCK_STREAM);
                     ::shutdown(s.a, SHUT_RDWR);
                     const Pipe p = w.pipe_of("data"), q = w.pipe();
                     w.splice(p.r, s.a, 4);
                     w.splice(s.a, q.w, 4, kNonblock);
                     w.rest("pipe", p.r);
                   }});
  check(cases);
}

}  // namespace oracle
