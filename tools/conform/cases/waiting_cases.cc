// Waiting: which calls do not, by their flags, the kinds of their ends, or as a part has moved.
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"

namespace oracle {

// What waits in releases_test.cc does not with the flag, or with O_NONBLOCK on one end.
GROUP("waiting: SPLICE_F_NONBLOCK and O_NONBLOCK") {
  std::vector<Case> cases;
  for (const int which : {0, 1, 2, 3}) {
    for (const unsigned flags : {0u, kNonblock}) {
      const std::string how = std::string(which & 1 ? ", O_NONBLOCK in" : "") +
                              (which & 2 ? ", O_NONBLOCK out" : "") +
                              (flags ? ", SPLICE_F_NONBLOCK" : "");
      const int in_flag = which & 1 ? O_NONBLOCK : 0, out_flag = which & 2 ? O_NONBLOCK : 0;
      cases.push_back({"empty pipe -> pipe" + how, [=](World& w) {
                         w.splice(w.pipe(in_flag).r, w.pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"pipe -> full pipe" + how, [=](World& w) {
                         w.splice(w.pipe_of("data", in_flag).r, w.full_pipe(out_flag).w, 100,
                                  flags);
                       }});
      cases.push_back({"empty pipe -> full pipe" + how, [=](World& w) {
                         w.splice(w.pipe(in_flag).r, w.full_pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"tee empty pipe -> pipe" + how, [=](World& w) {
                         w.tee(w.pipe(in_flag).r, w.pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"tee pipe -> full pipe" + how, [=](World& w) {
                         w.tee(w.pipe_of("data", in_flag).r, w.full_pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"tee empty pipe -> full pipe" + how, [=](World& w) {
                         w.tee(w.pipe(in_flag).r, w.full_pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"empty pipe -> pipe without reader" + how, [=](World& w) {
                         const Pipe out = w.pipe(out_flag);
                         w.close(out.r);
                         w.splice(w.pipe(in_flag).r, out.w, 100, flags);
                       }});
      cases.push_back({"tee empty pipe -> pipe without reader" + how, [=](World& w) {
                         const Pipe out = w.pipe(out_flag);
                         w.close(out.r);
                         w.tee(w.pipe(in_flag).r, out.w, 100, flags);
                       }});
      cases.push_back({"pipe at its end -> full pipe" + how, [=](World& w) {
                         const Pipe in = w.pipe(in_flag);
                         w.close(in.w);
                         w.splice(in.r, w.full_pipe(out_flag).w, 100, flags);
                         w.tee(in.r, w.full_pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"empty socket -> pipe" + how, [=](World& w) {
                         const int type = which & 1 ? SOCK_NONBLOCK : 0;
                         w.splice(w.sockets(SOCK_STREAM, type).a, w.pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"empty datagram socket -> pipe" + how, [=](World& w) {
                         const int type = which & 1 ? SOCK_NONBLOCK : 0;
                         w.splice(w.sockets(SOCK_DGRAM, type).a, w.pipe(out_flag).w, 100, flags);
                       }});
      cases.push_back({"pipe -> full socket" + how, [=](World& w) {
                         const Pair s = w.sockets(SOCK_STREAM, which & 2 ? SOCK_NONBLOCK : 0);
                         fill_socket(s.a);
                         w.splice(w.pipe_of("data", in_flag).r, s.a, 100, flags);
                       }});
      cases.push_back({"empty pipe -> full socket" + how, [=](World& w) {
                         const Pair s = w.sockets(SOCK_STREAM, which & 2 ? SOCK_NONBLOCK : 0);
                         fill_socket(s.a);
                         w.splice(w.pipe(in_flag).r, s.a, 100, flags);
                       }});
      cases.push_back({"vmsplice to a full pipe" + how,
                       [=](World& w) { w.vmsplice(w.full_pipe(out_flag).w, "data", flags); }});
      cases.push_back({"sendfile to a full pipe" + how, [=](World& w) {
                         w.sendfile(w.full_pipe(out_flag).w, w.file("data"), kNone, 4);
                       }});
      cases.push_back({"terminal without input -> pipe" + how, [=](World& w) {
                         const int fd = w.keep(::posix_openpt(O_RDWR | O_NOCTTY | in_flag));
                         if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0) w.skip("no terminal");
                         w.splice(fd, w.pipe(out_flag).w, 100, flags);
                       }});
    }
  }
  check(cases);
}

// Types are looked at before anybody waits: only kinds that could ever work may block.
GROUP("waiting: every kind, with nothing to move") {
  std::vector<Case> cases;
  for (const Kind& one : kinds()) {
    const std::string name = one.name;
    cases.push_back(
        {"empty pipe -> " + name, [&](World& w) { w.splice(w.pipe().r, one.make(w).fd, 100); }});
    cases.push_back({name + " -> full pipe",
                     [&](World& w) { w.splice(one.make(w).fd, w.full_pipe().w, 100); }});
    cases.push_back({"sendfile " + name + " -> full pipe",
                     [&](World& w) { w.sendfile(w.full_pipe().w, one.make(w).fd, kNone, 100); }});
    cases.push_back({"pipe at its end -> " + name, [&](World& w) {
                       w.splice(kind("pipe read end, at its end").make(w).fd, one.make(w).fd, 100);
                     }});
    cases.push_back({name + " -> pipe without reader", [&](World& w) {
                       w.splice(one.make(w).fd, kind("pipe write end, no reader").make(w).fd, 100);
                     }});
    cases.push_back({"O_NONBLOCK empty pipe -> " + name,
                     [&](World& w) { w.splice(w.pipe(O_NONBLOCK).r, one.make(w).fd, 100); }});
  }
  check(cases);
}

// Of a message socket that was shut down a read that waits says "end", one that does not, EAGAIN.
GROUP("waiting: sockets that were shut down") {
  std::vector<Case> cases;
  for (const char* const name : {"datagram", "seqpacket", "stream", "UDP"}) {
    for (const bool own : {true, false}) {
      if (!own && std::string_view(name) == "UDP") continue;  // the peer is not told
      for (const int before : {0, 1}) {
        for (const unsigned flags : {0u, kNonblock}) {
          const std::string how = std::string(own ? " shut for reading" : " whose peer was shut") +
                                  (before ? ", one message before" : "") +
                                  (flags ? ", SPLICE_F_NONBLOCK" : "");
          cases.push_back({name + how + " -> pipe", [=](World& w) {
                             const std::string_view kind = name;
                             const Pair s = kind == "UDP"         ? w.udp()
                                            : kind == "datagram"  ? w.sockets(SOCK_DGRAM)
                                            : kind == "seqpacket" ? w.sockets(SOCK_SEQPACKET)
                                                                  : w.sockets(SOCK_STREAM);
                             if (before) ::send(s.b, "data", 4, 0);
                             ::shutdown(own ? s.a : s.b, own ? SHUT_RD : SHUT_WR);
                             const Pipe p = w.pipe();
                             for (int i = 0; i <= before; ++i) w.splice(s.a, p.w, 100, flags);
                             w.rest("pipe", p.r);
                           }});
        }
      }
    }
  }
  check(cases);
}

GROUP("waiting: after a part has moved") {
  check({
      {"a longer splice than there are bytes does not wait for more",
       [](World& w) {
         const Pipe in = w.pipe_of(bytes(100)), out = w.pipe();
         w.splice(in.r, out.w, 1000);
         w.write(in.w, bytes(100, 2));
         w.splice(in.r, w.file(""), 1000);
         w.write(in.w, bytes(100, 3));
         w.tee(in.r, out.w, 1000);
         w.rest("out", out.r);
       }},
      {"a longer splice than there is room for does not wait for more",
       [](World& w) {
         const Pipe out = w.pipe_of(bytes(15 * kPage));
         w.splice(w.file(bytes(100000)), out.w, 100000);
         w.rest("out", out.r);
       }},
      {"vmsplice of more than there is room for",
       [](World& w) {
         const Pipe out = w.pipe();
         w.vmsplice(out.w, bytes(100000));
         w.rest("out", out.r);
       }},
      {"vmsplice waits after a part, then a signal",
       [](World& w) {
         const Pipe out = w.pipe();
         w.when_blocked([&] { w.interrupt(SIGALRM); });
         w.vmsplice(out.w, bytes(100000));
         w.rest("out", out.r);
       }},
      {"splice to a blocking socket, a signal half-way",
       [](World& w) {
         const Pair s = w.sockets(SOCK_STREAM);
         fill_socket(s.a);
         char page[kPage];
         // Room again for some, but not for all of it.
         for (int i = 0; i < 30; ++i) ::recv(s.b, page, sizeof page, MSG_DONTWAIT);
         const Pipe p = w.pipe();
         w.set_size(p.w, 1 << 20);
         w.write(p.w, bytes(500000));
         w.when_blocked([&] { w.interrupt(SIGALRM); });
         w.any_part_of(500000);
         const ssize_t moved = w.splice(p.r, s.a, 500000);
         int left = -1;
         w.sys.ioctl(p.r, FIONREAD, &left);
         w.note("the rest is in the pipe: %s", moved + left == 500000 ? "yes" : "no");
       }},
      {"sendfile to a blocking socket, a signal half-way",
       [](World& w) {
         const Pair s = w.sockets(SOCK_STREAM);
         const int fd = w.file(bytes(900000));
         w.when_blocked([&] { w.interrupt(SIGALRM); });
         w.any_part_of(900000);
         const ssize_t moved = w.sendfile(s.a, fd, kNone, 900000);
         w.note("position: %s", lseek(fd, 0, SEEK_CUR) == moved ? "right" : "wrong");
         std::string got(900000, '\0');
         const ssize_t n = ::recv(s.b, got.data(), got.size(), MSG_DONTWAIT);
         const bool same = n == moved && bytes(900000).compare(0, moved, got, 0, n) == 0;
         w.note("received: %s", same ? "the same" : "something else");
       }},
      {"sendfile to a blocking pipe, a signal half-way",
       [](World& w) {
         const Pipe p = w.pipe();
         const int fd = w.file(bytes(900000));
         w.when_blocked([&] { w.interrupt(SIGALRM); });
         w.sendfile(p.w, fd, kNone, 900000);
         w.position("file", fd);
         w.rest("pipe", p.r);
       }},
      {"sendfile to a blocking pipe, the reader closes half-way",
       [](World& w) {
         const Pipe p = w.pipe();
         const int fd = w.file(bytes(900000));
         w.when_blocked([&] {
           w.forget(p.r);
           w.sys.close(p.r);
         });
         w.sendfile(p.w, fd, kNone, 900000);
         w.position("file", fd);
       }},
  });
}

}  // namespace oracle
