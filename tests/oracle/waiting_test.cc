// Waiting: which calls block (asleep, in the kernel), what releases them, and what they say then.
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/catch.h"
#include "tests/oracle/ends.h"
#include "tests/oracle/runner.h"

namespace oracle {
namespace {

// One way to get stuck: the descriptors, and the call. Everything a release needs is in here.
struct Scene {
  World& w;
  Pipe in = {-1, -1};   // empty pipe, or one with data, at the input
  Pipe out = {-1, -1};  // empty or full pipe at the output
  Pair socket = {-1, -1};
  char memory[100] = {};
  int file = -1;
};

struct Stuck {
  const char* name;
  void (*set)(Scene& s);
  void (*call)(Scene& s);
};

void stuff(int fd) {
  const std::string data(4096, 's');
  while (::send(fd, data.data(), data.size(), MSG_DONTWAIT) > 0) continue;
}

void empty_in(Scene& s) {
  s.in = s.w.pipe();
  s.out = s.w.pipe();
  s.file = s.w.file("");
}

void full_out(Scene& s) {
  s.in = s.w.pipe_of(bytes(10000));
  s.out = s.w.full_pipe();
  s.file = s.w.file(bytes(10000, 2));
}

const Stuck kStuck[] = {
    {"splice: empty pipe -> file", empty_in, [](Scene& s) { s.w.splice(s.in.r, s.file, 100); }},
    {"splice: empty pipe -> pipe", empty_in, [](Scene& s) { s.w.splice(s.in.r, s.out.w, 100); }},
    {"tee: empty pipe -> pipe", empty_in, [](Scene& s) { s.w.tee(s.in.r, s.out.w, 100); }},
    {"vmsplice: empty pipe -> memory", empty_in,
     [](Scene& s) {
       const iovec iov = {s.memory, sizeof s.memory};
       s.w.vmsplice(s.in.r, &iov, 1);
       s.w.note("memory: %s", describe({s.memory, 30}).c_str());
     }},
    {"read: empty pipe", empty_in, [](Scene& s) { s.w.read(s.in.r, 100); }},
    {"splice: empty pipe -> socket",
     [](Scene& s) {
       empty_in(s);
       s.socket = s.w.sockets(SOCK_STREAM);
     },
     [](Scene& s) {
       s.w.splice(s.in.r, s.socket.a, 100);
       s.w.received("peer", s.socket.b);
     }},
    {"splice: file -> full pipe", full_out, [](Scene& s) { s.w.splice(s.file, s.out.w, 5000); }},
    {"splice: file at its end -> full pipe",
     [](Scene& s) {
       full_out(s);
       lseek(s.file, 0, SEEK_END);
     },
     [](Scene& s) { s.w.splice(s.file, s.out.w, 5000); }},
    {"splice: pipe -> full pipe", full_out, [](Scene& s) { s.w.splice(s.in.r, s.out.w, 5000); }},
    {"splice: pipe at its end -> full pipe",
     [](Scene& s) {
       full_out(s);
       s.in = s.w.pipe();
       s.w.close(s.in.w);
     },
     [](Scene& s) { s.w.splice(s.in.r, s.out.w, 5000); }},
    {"tee: pipe -> full pipe", full_out, [](Scene& s) { s.w.tee(s.in.r, s.out.w, 5000); }},
    {"vmsplice: memory -> full pipe", full_out,
     [](Scene& s) { s.w.vmsplice(s.out.w, bytes(5000, 5)); }},
    {"sendfile: file -> full pipe", full_out,
     [](Scene& s) { s.w.sendfile(s.out.w, s.file, kNone, 5000); }},
    {"write: full pipe", full_out, [](Scene& s) { s.w.write(s.out.w, bytes(5000, 5)); }},
    {"splice: empty socket -> pipe",
     [](Scene& s) {
       full_out(s);
       s.out = s.w.pipe();
       s.socket = s.w.sockets(SOCK_STREAM);
     },
     [](Scene& s) { s.w.splice(s.socket.a, s.out.w, 5000); }},
    {"splice: empty socket -> full pipe",
     [](Scene& s) {
       full_out(s);
       s.socket = s.w.sockets(SOCK_STREAM);
     },
     [](Scene& s) { s.w.splice(s.socket.a, s.out.w, 5000); }},
    {"splice: pipe -> full socket",
     [](Scene& s) {
       full_out(s);
       s.socket = s.w.sockets(SOCK_STREAM);
       stuff(s.socket.a);
     },
     [](Scene& s) { s.w.splice(s.in.r, s.socket.a, 5000); }},
    {"sendfile: file -> full socket",
     [](Scene& s) {
       full_out(s);
       s.socket = s.w.sockets(SOCK_STREAM);
       stuff(s.socket.a);
     },
     [](Scene& s) { s.w.sendfile(s.socket.a, s.file, kNone, 5000); }},
};

// What happens while the call waits.
struct Release {
  const char* name;
  void (*act)(Scene& s);
};

bool has_bytes(const Scene& s, int fd) {
  pollfd p = {fd, POLLIN, 0};
  return s.w.sys.poll(&p, 1, 0) > 0;
}

// While a kernel waits for a socket it keeps the pipe locked, for write and close as well; such a
// pipe is left alone.
bool input_locked(const Scene& s) { return s.socket.b >= 0 && has_bytes(s, s.in.r); }
bool output_locked(const Scene& s) { return s.socket.b >= 0 && !has_bytes(s, s.out.r); }

void drop(World& w, int& fd) {
  if (fd < 0) return;
  w.forget(fd);
  w.sys.close(fd);
  fd = -1;
}

const Release kReleases[] = {
    {"SIGALRM", [](Scene& s) { s.w.interrupt(SIGALRM); }},
    {"ten bytes arrive",
     [](Scene& s) {
       const std::string ten = bytes(10, 10);
       if (s.in.w >= 0 && !input_locked(s)) s.w.sys.write(s.in.w, ten.data(), 10);
       if (s.socket.b >= 0) ::send(s.socket.b, ten.data(), 10, MSG_DONTWAIT);
     }},
    {"the writer closes",
     [](Scene& s) {
       if (!input_locked(s)) drop(s.w, s.in.w);
       if (s.socket.b >= 0) ::shutdown(s.socket.b, SHUT_WR);
     }},
    {"a page of room",
     [](Scene& s) {
       std::string page(kPage, '\0');
       if (has_bytes(s, s.out.r)) s.w.sys.read(s.out.r, page.data(), kPage);
       for (int i = 0; s.socket.b >= 0 && i < 1000; ++i) {
         if (::recv(s.socket.b, page.data(), kPage, MSG_DONTWAIT) <= 0) break;
       }
     }},
    {"the reader closes",
     [](Scene& s) {
       if (!output_locked(s)) drop(s.w, s.out.r);
       if (s.socket.b >= 0) ::shutdown(s.socket.b, SHUT_RD);
     }},
    {"SIGUSR1 (SA_RESTART), then SIGALRM",
     [](Scene& s) {
       s.w.interrupt(SIGUSR1);
       usleep(100'000);
       s.w.note("still in the call: %s", s.w.calling() ? "yes" : "no");
       s.w.interrupt(SIGALRM);
     }},
};

std::vector<Allowed> posix_differences(const Stuck& stuck, const Release& release) {
  if (std::string_view(release.name).starts_with("SIGUSR1")) return on_posix(kNoRestart);
  const bool socket = std::string_view(stuck.name).find("full socket") != std::string_view::npos;
  const bool closes = std::string_view(release.name) == "the reader closes";
  return socket && closes ? on_posix(kPipeSignal) : std::vector<Allowed>{};
}

}  // namespace

TEST_CASE("waiting: every way to wait, every release") {
  std::vector<Case> cases;
  for (const Stuck& stuck : kStuck) {
    for (const Release& release : kReleases) {
      cases.push_back({std::string(stuck.name) + "; " + release.name,
                       [&](World& w) {
                         Scene s{w};
                         stuck.set(s);
                         w.when_blocked([&] { release.act(s); });
                         stuck.call(s);
                         if (s.file >= 0) w.content("file", s.file);
                         if (s.in.r >= 0) w.rest("in", s.in.r);
                         if (s.out.r >= 0) w.rest("out", s.out.r);
                       },
                       posix_differences(stuck, release)});
    }
  }
  check(cases);
}

// The same scenes do not wait with the flag, or with O_NONBLOCK on one end.
TEST_CASE("waiting: SPLICE_F_NONBLOCK and O_NONBLOCK") {
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
                         stuff(s.a);
                         w.splice(w.pipe_of("data", in_flag).r, s.a, 100, flags);
                       }});
      cases.push_back({"empty pipe -> full socket" + how, [=](World& w) {
                         const Pair s = w.sockets(SOCK_STREAM, which & 2 ? SOCK_NONBLOCK : 0);
                         stuff(s.a);
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
TEST_CASE("waiting: every kind, with nothing to move") {
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

TEST_CASE("waiting: after a part has moved") {
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
         stuff(s.a);
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
