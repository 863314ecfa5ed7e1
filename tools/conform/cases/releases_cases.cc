// Waiting: which calls block (asleep, in the kernel), what releases them, and what they say then.
#include <signal.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"

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
       fill_socket(s.socket.a);
     },
     [](Scene& s) { s.w.splice(s.in.r, s.socket.a, 5000); }},
    {"sendfile: file -> full socket",
     [](Scene& s) {
       full_out(s);
       s.socket = s.w.sockets(SOCK_STREAM);
       fill_socket(s.socket.a);
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

GROUP("waiting: every way to wait, every release") {
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

}  // namespace oracle
