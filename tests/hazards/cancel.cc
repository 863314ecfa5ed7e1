// Threads that are cancelled while a call of the family waits.
#include <pthread.h>

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
