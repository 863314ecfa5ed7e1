// Threads that are cancelled while a call waits.
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>

#include <algorithm>

#include "blocked.h"
#include "hazard.h"

using namespace hazard;

namespace {

void* blocked_thread(void* blocked) {
  static_cast<Blocked*>(blocked)->call();
  return nullptr;
}

bool joined(pthread_t thread, int timeout_ms, void** result) {
  timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += timeout_ms / 1000;
  return pthread_timedjoin_np(thread, result, &until) == 0;
}

// Not a cancellation point of every libc: it may also just go on waiting.
bool must_act(Call call) { return call != Call::kSendfile; }

// A full pipe and an empty one, which both have been looked at by tee, and ways to wait for them.
struct Pipes {
  const std::string bytes = pattern(65536);
  const Teed full{bytes};
  const Teed empty{"x"};
  const int file = file_of("file");
  const int set = epoll_create1(0);
  mutable char memory[16] = "0123456789abcde";

  Pipes() {
    take(empty.pipe.r, 1);
    take(empty.copy.r, 1);
    put(empty.copy.w, "copy");
    epoll_event room{};
    room.events = EPOLLOUT;
    epoll_event more{};
    more.events = EPOLLIN;
    CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, full.pipe.w, &room), 0);
    CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, empty.pipe.r, &more), 0);
  }
  iovec some() const { return {memory, sizeof(memory)}; }

  // Nothing came of any call: every byte is there, and the pipes are of use as before.
  void check() const {
    CHECK_EQ(take(full.pipe.r, bytes.size()), bytes);
    CHECK_EQ(take(full.copy.r, bytes.size()), bytes);
    CHECK_EQ(take(empty.copy.r, 4), "copy");
    for (const Teed* teed : {&full, &empty}) {
      put(teed->pipe.w, "again");
      CHECK_EQ(tee(teed->pipe.r, teed->copy.w, 5, 0), 5);
      CHECK_EQ(take(teed->pipe.r, 5), "again");
      CHECK_EQ(take(teed->copy.r, 5), "again");
    }
    close(set);
    for (const Teed* teed : {&full, &empty}) {
      for (const Pipe& pipe : {teed->pipe, teed->copy}) {
        close(pipe.r);
        close(pipe.w);
      }
    }
    close(file);
  }
};

void wait_for_any(const Pipes& p, bool masked) {
  fd_set r;
  fd_set w;
  FD_ZERO(&r);
  FD_ZERO(&w);
  FD_SET(p.empty.pipe.r, &r);
  FD_SET(p.full.pipe.w, &w);
  const int most = std::max(p.empty.pipe.r, p.full.pipe.w) + 1;
  if (masked) {
    pselect(most, &r, &w, nullptr, nullptr, nullptr);
  } else {
    select(most, &r, &w, nullptr, nullptr);
  }
}

void poll_any(const Pipes& p, bool masked) {
  pollfd fds[] = {{p.empty.pipe.r, POLLIN, 0}, {p.full.pipe.w, POLLOUT, 0}};
  if (masked) {
    ppoll(fds, 2, nullptr, nullptr);
  } else {
    poll(fds, 2, -1);
  }
}

using Wait = void (*)(const Pipes&);
// clang-format off
const Wait kWaits[] = {
    [](const Pipes& p) { if (read(p.empty.pipe.r, p.memory, 4) != 0) pause(); },
    [](const Pipes& p) { const iovec iov = p.some(); if (readv(p.empty.pipe.r, &iov, 1) != 0) pause(); },
    [](const Pipes& p) { if (write(p.full.pipe.w, p.memory, 4) != 0) pause(); },
    [](const Pipes& p) { const iovec iov = p.some(); if (writev(p.full.pipe.w, &iov, 1) != 0) pause(); },
    [](const Pipes& p) { poll_any(p, false); },
    [](const Pipes& p) { poll_any(p, true); },
    [](const Pipes& p) { wait_for_any(p, false); },
    [](const Pipes& p) { wait_for_any(p, true); },
    [](const Pipes& p) { epoll_event events[2]; epoll_wait(p.set, events, 2, -1); },
    [](const Pipes& p) { splice(p.file, nullptr, p.full.pipe.w, nullptr, 4, 0); },
    [](const Pipes& p) { splice(p.empty.copy.r, nullptr, p.full.pipe.w, nullptr, 4, 0); },
    [](const Pipes& p) { splice(p.empty.pipe.r, nullptr, p.file, nullptr, 4, 0); },
    [](const Pipes& p) { tee(p.empty.copy.r, p.full.pipe.w, 4, 0); },
    [](const Pipes& p) { tee(p.empty.pipe.r, p.empty.copy.w, 4, 0); },
    [](const Pipes& p) { const iovec iov = p.some(); vmsplice(p.full.pipe.w, &iov, 1, 0); },
    [](const Pipes& p) { const iovec iov = p.some(); vmsplice(p.empty.pipe.r, &iov, 1, 0); },
};
// clang-format on

struct Thread {
  const Pipes* pipes;
  Wait wait;
  int type;
};

void* waiting_thread(void* given) {
  const Thread& thread = *static_cast<Thread*>(given);
  pthread_setcanceltype(thread.type, nullptr);
  thread.wait(*thread.pipes);
  return nullptr;
}

// Cancels a thread in each of the calls.
void cancel_all(int type) {
  for (const Wait wait : kWaits) {
    const Pipes pipes;
    Thread thread{&pipes, wait, type};
    pthread_t number;
    CHECK_EQ(pthread_create(&number, nullptr, waiting_thread, &thread), 0);
    sleep_ms(10);
    CHECK_EQ(pthread_cancel(number), 0);
    void* result = nullptr;
    CHECK(joined(number, 2000, &result));
    CHECK(result == PTHREAD_CANCELED);
    pipes.check();
  }
}

}  // namespace

HAZARD(cancel_a_blocked_call) {
  for (const Call call : kCalls) {
    for (const int delay_ms : {0, 30}) {
      Blocked blocked(call);
      pthread_t thread;
      CHECK_EQ(pthread_create(&thread, nullptr, blocked_thread, &blocked), 0);
      sleep_ms(delay_ms);
      CHECK_EQ(pthread_cancel(thread), 0);
      void* result = nullptr;
      const bool acted = joined(thread, must_act(call) ? 2000 : 1000, &result);
      CHECK(acted || !must_act(call));
      blocked.unblock();
      if (acted) {
        CHECK(result == PTHREAD_CANCELED);
        CHECK(blocked.call() > 0);
      } else {
        CHECK(joined(thread, 2000, &result));
      }
      blocked.check();
    }
  }
}

HAZARD(cancel_waits_around_held_bytes) { cancel_all(PTHREAD_CANCEL_DEFERRED); }

// No call of these may be made like that (POSIX, async-cancel-safety), but it must do no harm while
// it only sleeps.
HAZARD(cancel_waits_asynchronously) { cancel_all(PTHREAD_CANCEL_ASYNCHRONOUS); }

// A cancelled thread that does not wait moves what it moves, and leaves no lock behind.
HAZARD(cancel_a_busy_thread) {
  for (int i = 0; i < 30; ++i) {
    static Pipe* pipe;
    static Pipe* copy;
    Pipe a, b;
    pipe = &a;
    copy = &b;
    put(a.w, "abc");
    pthread_t thread;
    const auto busy = [](void*) -> void* {
      for (;;) {
        const ssize_t n = tee(pipe->r, copy->w, 3, 0);
        char bytes[3];
        if (n != 3 || read(copy->r, bytes, 3) != 3) return nullptr;
      }
    };
    CHECK_EQ(pthread_create(&thread, nullptr, busy, nullptr), 0);
    sleep_ms(i % 4);
    CHECK_EQ(pthread_cancel(thread), 0);
    void* result = nullptr;
    CHECK(joined(thread, 2000, &result));
    CHECK(result == PTHREAD_CANCELED);
    put(a.w, "def");
    CHECK(tee(a.r, b.w, 6, 0) > 0);
    CHECK_EQ(take(a.r, 6), "abcdef");
  }
}
