// Signals in the middle of calls that do not wait, and threads at the same time. When a signal
// comes is nobody's choice, so what is compared is what does not depend on it: each byte that was
// in the pipes, in its order.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

// What the handler does, and to what.
struct Interlude {
  const oracle::Calls* calls;
  bool works, leaves;
  int own[4];  // two pipes of its own
  volatile sig_atomic_t armed, came, failed;
  sigjmp_buf back;
};
Interlude interlude;

// A word goes through both pipes.
bool word_passes(const Interlude& in) {
  const char word[] = "in-the-middle";
  char back[sizeof word] = {}, twin[sizeof word] = {};
  constexpr ssize_t kAll = sizeof word;
  return in.calls->write(in.own[1], word, sizeof word) == kAll &&
         in.calls->tee(in.own[0], in.own[3], sizeof word, SPLICE_F_NONBLOCK) == kAll &&
         in.calls->read(in.own[2], twin, sizeof word) == kAll &&
         in.calls->splice(in.own[0], nullptr, in.own[3], nullptr, sizeof word, SPLICE_F_NONBLOCK) ==
             kAll &&
         in.calls->read(in.own[2], back, sizeof word) == kAll &&
         memcmp(word, back, sizeof word) == 0 && memcmp(word, twin, sizeof word) == 0;
}

void in_the_middle(int) {
  const int kept = errno;
  if (interlude.armed == 0) return;
  interlude.came = interlude.came + 1;
  if (interlude.works && !word_passes(interlude)) interlude.failed = interlude.failed + 1;
  errno = kept;
  if (interlude.leaves) siglongjmp(interlude.back, 1);
}

constexpr int kEnough = 12, kPasses = 1000;
constexpr std::chrono::seconds kLongest{2};  // the engine waits for readers that were left

struct Burst {
  pthread_t target;
  std::atomic<bool> over{false};
};

void* send_signals(void* what) {
  Burst& burst = *static_cast<Burst*>(what);
  for (unsigned i = 0; !burst.over; ++i) {
    pthread_kill(burst.target, SIGUSR2);
    // Ever fewer: the engine waits half a second for each reader that was left by a jump.
    ::usleep(5 + i % 7 * 10 + i / 8);
  }
  return nullptr;
}

// Moves all of one pipe to another, under signals: false if that comes to no end.
bool move_all(const oracle::Calls& calls, int in, int out, size_t length,
              const std::function<void()>& make_room) {
  volatile int rounds = 0;
  volatile bool empty = false;
  while (!empty && rounds < 20'000) {
    rounds = rounds + 1;
    if (sigsetjmp(interlude.back, 1) != 0) continue;
    interlude.armed = 1;
    const ssize_t n = calls.splice(in, nullptr, out, nullptr, length, SPLICE_F_NONBLOCK);
    interlude.armed = 0;
    if (n > 0) continue;
    int left = -1;
    empty = calls.ioctl(in, FIONREAD, &left) == 0 && left == 0;
    if (!empty) make_room();
  }
  interlude.armed = 0;
  return empty;
}

// What one thread does with a pipe of its own, as text.
struct Worker {
  const oracle::Calls* calls;
  int in, out;
  const char* from;
  size_t length;
  std::string said;
  std::atomic<int>* waiting;

  void note(const char* what, int64_t n) {
    said += std::string(what) + std::to_string(n < 0 ? -errno : n) + " ";
  }
  void take(const char* what, int fd, size_t most) {
    std::string bytes(most, '\0');
    const ssize_t n = calls->read(fd, bytes.data(), most);
    note(what, n);
    said.append(bytes, 0, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  void run() {
    --*waiting;
    while (*waiting > 0) continue;
    for (size_t round = 0; round < 12; ++round) {
      int own[2] = {-1, -1};
      note("pipe", calls->pipe2(own, O_CLOEXEC | O_NONBLOCK));
      note("write", calls->write(out, from + round * 64, length));
      note("tee", calls->tee(in, own[1], length, SPLICE_F_NONBLOCK));
      take("read", own[0], length);
      note("splice",
           calls->splice(in, nullptr, own[1], nullptr, length / 2 + 1, SPLICE_F_NONBLOCK));
      const int copy = calls->dup(own[0]);
      note("close", calls->close(own[0]));
      take("read", copy, length);
      iovec iov = {const_cast<char*>(from) + round * 8, length};
      note("vmsplice", calls->vmsplice(out, &iov, 1, SPLICE_F_NONBLOCK));
      take("rest", in, 2 * length - (length / 2 + 1));
      note("close", calls->close(copy));
      note("broken", calls->splice(in, nullptr, own[1], nullptr, 1, SPLICE_F_NONBLOCK));
      note("close", calls->close(own[1]));
    }
  }
};

void* work(void* what) {
  static_cast<Worker*>(what)->run();
  return nullptr;
}

}  // namespace

void Stage::storm(const Step& step) {
  Var &in = var(step.arg[0]), &out = var(step.arg[1]);
  const size_t length = std::clamp<size_t>(static_cast<size_t>(step.arg[2]), 128, kPage);
  const int64_t how = std::clamp<int64_t>(step.arg[3], 0, 2);
  skipped_ = object_of(in).kind != Object::kPipe || object_of(out).kind != Object::kPipe ||
             in.object == out.object || !in.reads || !out.writes || shared_.storms >= 3;
  if (skipped_) return;
  Var* const source = only_end(in.object, true);
  Var* const sink = other_end(out);
  skipped_ = source == nullptr || sink == nullptr || !empty(in) || !empty(out) ||
             !ready(*source, POLLOUT) || !ready(out, POLLOUT);
  if (skipped_) return;
  ++shared_.storms;
  fill(*source);
  struct sigaction action = {};
  action.sa_handler = in_the_middle;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR2, &action, nullptr);
  std::string bytes[2];
  for (int side = 0; side < 2; ++side) {
    interlude.calls = calls_[side];
    interlude.works = how != 0;
    interlude.leaves = how != 1;
    interlude.came = 0;
    interlude.failed = 0;
    for (int* ends : {interlude.own, interlude.own + 2}) {
      if (calls_[side]->pipe2(ends, O_CLOEXEC) != 0) end(Verdict::kCutShort);
    }
    if (!word_passes(interlude)) differ("no word passes");
    Burst burst;
    burst.target = pthread_self();
    pthread_t sender;
    if (pthread_create(&sender, nullptr, send_signals, &burst) != 0) end(Verdict::kCutShort);
    // There and back, until enough signals came.
    Var* readers[] = {&in, sink};
    const Var* writers[] = {source, &out};
    size_t at = 0;  // where the bytes are
    bool moved = true;
    const auto end = std::chrono::steady_clock::now() + kLongest;
    for (int pass = 0; pass < kPasses && moved && interlude.came < kEnough &&
                       std::chrono::steady_clock::now() < end;
         ++pass, at = 1 - at) {
      Var& to = *readers[1 - at];
      moved = move_all(*calls_[side], readers[at]->fd[side], writers[1 - at]->fd[side], length,
                       [&] { bytes[side] += drain(to, side); });
    }
    burst.over = true;
    pthread_join(sender, nullptr);
    if (!moved) differ(std::string(side == kKernel ? "kernel" : "engine") + ": comes to no end");
    if (interlude.failed != 0) {
      differ(std::string(side == kKernel ? "kernel" : "engine") + ": words of the handler lost: " +
             std::to_string(interlude.failed) + " of " + std::to_string(interlude.came));
    }
    for (const size_t one : {at, 1 - at}) bytes[side] += drain(*readers[one], side);
    for (int fd : interlude.own) calls_[side]->close(fd);
  }
  if (bytes[0] != bytes[1]) differ("moved under signals: " + difference(bytes[0], bytes[1]));
}

void Stage::threads(const Step& step) {
  Var* const ends[2][2] = {{&var(step.arg[0]), &var(step.arg[1])},
                           {&var(step.arg[2]), &var(step.arg[3])}};
  skipped_ = shared_.storms >= 3;
  for (const auto& [r, w] : ends) {
    skipped_ = skipped_ || object_of(*r).kind != Object::kPipe || r->object != w->object ||
               !r->reads || r->writes || !w->writes || !empty(*r) ||
               ::fcntl(r->fd[kKernel], F_GETPIPE_SZ) < 16 * static_cast<int>(kPage);
  }
  skipped_ = skipped_ || ends[0][0]->object == ends[1][0]->object;
  if (skipped_) return;
  ++shared_.storms;
  const size_t length = std::clamp<size_t>(static_cast<size_t>(step.arg[4]), 1, kPage);
  std::string said[2][2];
  size_t taken = 2 * kPage;
  const char* const from = pattern() + take_pattern(taken);
  for (int side = 0; side < 2; ++side) {
    std::atomic<int> waiting{2};
    Worker workers[2];
    pthread_t made[2];
    for (int i = 0; i < 2; ++i) {
      workers[i].calls = calls_[side];
      workers[i].in = ends[i][0]->fd[side];
      workers[i].out = ends[i][1]->fd[side];
      workers[i].from = from;
      workers[i].length = length;
      workers[i].waiting = &waiting;
      if (pthread_create(&made[i], nullptr, work, &workers[i]) != 0) end(Verdict::kCutShort);
    }
    for (pthread_t one : made) pthread_join(one, nullptr);
    for (int i = 0; i < 2; ++i) said[i][side] = workers[i].said;
  }
  for (const auto& one : said) {
    if (one[0] != one[1]) differ("thread: " + difference(one[0], one[1]));
  }
}

}  // namespace fuzz
