// Signals that come in the middle of calls on rings: what several hazard programs need for that.
#ifndef ANYSPLICE_TESTS_HAZARDS_UNDER_FIRE_H_
#define ANYSPLICE_TESTS_HAZARDS_UNDER_FIRE_H_

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

#include <atomic>

#include "hazard.h"

namespace hazard {

using Handler = void (*)(int, siginfo_t*, void*);

inline struct sigaction action_of(Handler handler, int flags) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  return action;
}

inline void handle(int signal, Handler handler, int flags) {
  const struct sigaction action = action_of(handler, flags);
  CHECK_EQ(sigaction(signal, &action, nullptr), 0);
}

// SIGALRM again and again; never again if 0.
inline void every(long microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  CHECK_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
}

// A pipe that gets a ring, if anybody makes such: vmsplice is its first call.
struct Ring : Pipe {
  explicit Ring(int flags = O_NONBLOCK) : Pipe(flags) {
    char x = 'x';
    const iovec iov{&x, 1};
    CHECK_EQ(vmsplice(w, &iov, 1, 0), 1);
    CHECK_EQ(read(r, &x, 1), 1);
  }
};

// Half a second of calls on rings, with signals in between.
template <typename Round>
void under_fire(long microseconds, Round round) {
  every(microseconds);
  for (const double end = seconds() + 0.5 * times(); seconds() < end;) round();
  every(0);
}

// The kernel's vmsplice out of a pipe says EINTR though there are bytes.
template <typename Call>
ssize_t again(Call call) {
  ssize_t n;
  do {
    n = call();
  } while (n < 0 && errno == EINTR);
  return n;
}

// Moves bytes about on two rings; nothing is in them before and after.
inline void busy(const Ring& a, const Ring& b) {
  char text[600] = "busy";
  const iovec iov{text, sizeof(text)};
  CHECK_EQ(again([&] { return vmsplice(a.w, &iov, 1, 0); }), 600);
  CHECK_EQ(again([&] { return tee(a.r, b.w, 600, 0); }), 600);
  CHECK_EQ(again([&] { return read(b.r, text, 600); }), 600);
  CHECK_EQ(again([&] { return splice(a.r, nullptr, b.w, nullptr, 600, 0); }), 600);
  CHECK_EQ(again([&] { return vmsplice(b.r, &iov, 1, 0); }), 600);
  CHECK_EQ(again([&] { return write(a.w, text, 9); }), 9);
  CHECK_EQ(again([&] { return read(a.r, text, 600); }), 9);
}

// How often a handler ran.
inline std::atomic<long> runs;

}  // namespace hazard

#endif  // ANYSPLICE_TESTS_HAZARDS_UNDER_FIRE_H_
