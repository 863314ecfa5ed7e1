// Sockets at either end that keep messages apart, and streams, which do not.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"

namespace oracle {

GROUP("sockets: messages are kept whole") {
  std::vector<Case> cases;
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM}) {
    const std::string name = type == SOCK_DGRAM       ? "datagram"
                             : type == SOCK_SEQPACKET ? "seqpacket"
                                                      : "stream";
    for (const Load& load : loads()) {
      cases.push_back({"splice pipe with " + std::string(load.name) + " -> unix " + name,
                       [&load, type](World& w) {
                         for (const size_t len : {1, 50, 4097, 65536}) {
                           for (const unsigned flags : {kNonblock, kNonblock | SPLICE_F_MORE}) {
                             const Pair s = w.sockets(type, SOCK_NONBLOCK);
                             const Pipe p = loaded_pipe(w, load);
                             w.header("len %zu, flags %#x", len, flags);
                             w.splice(p.r, s.a, len, flags);
                             w.splice(p.r, s.a, len, flags);
                             w.received("peer", s.b);
                             w.readable(p.r);
                             w.fresh();
                           }
                         }
                       }});
    }
    cases.push_back(
        {"splice unix " + name + " -> pipe, messages of 100, 5000 and 10 bytes", [type](World& w) {
           for (const size_t len : {10, 100, 5000, 100000}) {
             const Pair s = w.sockets(type);
             for (const int n : {100, 5000, 10}) {
               const std::string data = bytes(n, n);
               ::send(s.b, data.data(), data.size(), 0);
             }
             const Pipe p = w.pipe();
             w.header("len %zu", len);
             for (int i = 0; i < 3; ++i) w.splice(s.a, p.w, len, kNonblock);
             w.rest("pipe", p.r);
             w.received("left", s.a);
             w.fresh();
           }
         }});
    cases.push_back({"sendfile file -> unix " + name, [type](World& w) {
                       for (const size_t len : {10, 5000, 65536, 100000}) {
                         const Pair s = w.sockets(type, SOCK_NONBLOCK);
                         const int fd = w.file(bytes(150000));
                         w.header("len %zu", len);
                         w.sendfile(s.a, fd, kNone, len);
                         w.position("file", fd);
                         w.received("peer", s.b);
                         w.fresh();
                       }
                     }});
  }
  for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    cases.push_back({"splice unix message -> pipe with one free slot, type " + std::to_string(type),
                     [type](World& w) {
                       const Pair s = w.sockets(type);
                       ::send(s.b, bytes(9000).data(), 9000, 0);
                       ::send(s.b, "next", 4, 0);
                       const Pipe p = w.pipe(O_DIRECT);
                       for (int i = 0; i < 15; ++i) w.write(p.w, "x");
                       w.splice(s.a, p.w, 9000, kNonblock);
                       w.splice(s.a, p.w, 9000, kNonblock);
                       w.packets("pipe", p.r);
                       w.received("left", s.a);
                     }});
  }
  for (const size_t len : {10, 5000, 60000}) {
    cases.push_back({"splice pipe -> UDP, " + std::to_string(len),
                     [=](World& w) {
                       const Pair s = w.udp();
                       const Pipe p = w.pipe_of(bytes(64000));
                       w.splice(p.r, s.a, len);
                       w.splice(p.r, s.a, 100, SPLICE_F_MORE);
                       w.splice(p.r, s.a, 100);
                       w.received("peer", s.b);
                       w.readable(p.r);
                     },
                     on_posix(kNoSegments)});
  }
  cases.push_back({"splice pipe -> UDP, larger than a datagram can be", [](World& w) {
                     const Pair s = w.udp();
                     const Pipe p = w.pipe();
                     w.set_size(p.w, 1 << 18);
                     w.write(p.w, bytes(100000));
                     w.splice(p.r, s.a, 100000);
                     w.received("peer", s.b);
                     w.readable(p.r);
                   }});
  cases.push_back({"splice large pipe -> unix messages", [](World& w) {
                     for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM}) {
                       const Pair s = w.sockets(type, SOCK_NONBLOCK);
                       const Pipe p = w.pipe();
                       w.set_size(p.w, 1 << 18);
                       w.write(p.w, bytes(150000));
                       w.splice(p.r, s.a, 150000);
                       w.received("peer", s.b);
                       w.rest("pipe", p.r);
                     }
                   }});
  cases.push_back({"a netlink request arrives whole", [](World& w) {
                     const int fd = w.keep(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
                     if (fd < 0) w.skip("no netlink");
                     struct {
                       nlmsghdr header;
                       ifinfomsg body;
                     } request = {};
                     request.header.nlmsg_len = sizeof request;
                     request.header.nlmsg_type = RTM_GETLINK;
                     request.header.nlmsg_flags = NLM_F_REQUEST;
                     request.header.nlmsg_seq = 7;
                     request.body.ifi_index = 1;
                     const char* raw = reinterpret_cast<const char*>(&request);
                     const Pipe p = w.pipe();
                     w.vmsplice(p.w, std::string_view(raw, 16));
                     w.vmsplice(p.w, std::string_view(raw + 16, sizeof request - 16));
                     w.splice(p.r, fd, 1000);
                     nlmsghdr answer[512] = {};
                     ::recv(fd, answer, sizeof answer, MSG_DONTWAIT);
                     w.note("type %d, number %u", answer[0].nlmsg_type, answer[0].nlmsg_seq);
                   }});
  check(cases);
}

}  // namespace oracle
