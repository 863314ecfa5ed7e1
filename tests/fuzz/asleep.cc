// Steps that sleep. A thread makes the call; when it is seen to sleep, something is done to it or
// to the other end of what it waits for. First all this on the kernel, then on the engine.
//
// The calls: 0 read, 1 splice, 2 tee, 3 vmsplice (out of a pipe), 4 poll; with a full target
// 5 write, 6 splice, 7 vmsplice, 8 tee; and 9 sendfile.
// What is done: 0 bytes (or room) come, 1 the other end is closed, 2 a handler without SA_RESTART,
// 3 one with SA_RESTART, and then bytes or room, 4 a handler that leaves by siglongjmp.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

constexpr int kLeft = 4001;  // no errno: a handler left the call
constexpr int kPatienceMs = 3000;

thread_local sigjmp_buf way_out;
std::atomic<int> handled;

void only_count(int) { handled.fetch_add(1); }
void leave(int) {
  handled.fetch_add(1);
  siglongjmp(way_out, 1);
}

char state_of(pid_t thread) {
  char path[64], text[256] = {};
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t n = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  const char* const end = n > 0 ? strrchr(text, ')') : nullptr;
  return end != nullptr ? end[2] : '?';
}

struct Sleeper {
  std::function<int64_t()> call;
  bool leaves;
  int64_t n = 0;
  int error = 0;
  std::atomic<pid_t> thread{0};
  std::atomic<bool> done{false};

  // Until it sleeps, as three looks in a row say: false if it is done.
  bool asleep() {
    int seen = 0;
    for (int i = 0; i < kPatienceMs * 4 && seen < 3 && !done; ++i) {
      seen = thread != 0 && state_of(thread) == 'S' ? seen + 1 : 0;
      ::usleep(250);
    }
    return !done;
  }
  bool over(int ms) {
    for (int i = 0; i < ms * 4 && !done; ++i) ::usleep(250);
    return done;
  }
};

void* sleep_in_call(void* what) {
  Sleeper& sleeper = *static_cast<Sleeper*>(what);
  // Not in the call's way any more: a handler that comes late only counts.
  if (sigsetjmp(way_out, 1) == 0) {
    sleeper.thread = static_cast<pid_t>(::syscall(SYS_gettid));
    sleeper.n = sleeper.call();
    sleeper.error = sleeper.n < 0 ? errno : 0;
  } else {
    sleeper.n = -1;
    sleeper.error = kLeft;
  }
  sleeper.done = true;
  return nullptr;
}

void handle(int how) {
  struct sigaction action = {};
  action.sa_handler = how == 4 ? leave : only_count;
  action.sa_flags = how == 3 ? SA_RESTART : 0;
  sigaction(SIGUSR1, &action, nullptr);
}

}  // namespace

// Fills a pipe with whole pages: false if it was not empty.
bool Stage::fill(Var& out) {
  if (!empty(out)) return false;
  size_t page = kPage;
  const char* const at = pattern() + take_pattern(page, 0);
  int64_t n[2] = {};
  for (int side = 0; side < 2; ++side) {
    for (;;) {
      pollfd p = {out.fd[side], POLLOUT, 0};
      if (calls_[side]->poll(&p, 1, 0) <= 0 || p.revents != POLLOUT) break;
      n[side] += calls_[side]->write(out.fd[side], at, kPage);
    }
  }
  if (n[0] != n[1])
    differ("filled kernel: " + std::to_string(n[0]) + ", engine: " + std::to_string(n[1]));
  return true;
}

// The one descriptor through which this pipe is written or read; null if there are others.
Var* Stage::only_end(int object, bool writes) {
  Var* found = nullptr;
  for (Var& other : vars_) {
    if (other.object != object || !(writes ? other.writes : other.reads)) continue;
    if (found != nullptr || (other.reads && other.writes)) return nullptr;
    found = &other;
  }
  return found;
}

// The one descriptor from which comes what `in` waits for, or to which goes what `out` is full of.
Var* Stage::waker(const Var& v, bool full) {
  const Object& object = object_of(v);
  if (object.kind == Object::kPipe) return only_end(v.object, !full);
  const bool otherwise = object.limited_in || object.timed || object.low_water > 1;
  const bool ended = object.finished || object.deaf;
  if (full || object.peer < 0 || otherwise || ended) return nullptr;
  Var* found = nullptr;
  for (Var& other : vars_) {
    if (other.object == v.object && &other != &v) return nullptr;
    if (other.object != object.peer) continue;
    if (found != nullptr) return nullptr;
    found = &other;
  }
  return found;
}

void Stage::wait(const Step& step) {
  Var &in = var(step.arg[0]), &out = var(step.arg[1]);
  const int which = static_cast<int>(std::clamp<int64_t>(step.arg[2], 0, 9));
  const int how = static_cast<int>(std::clamp<int64_t>(step.arg[3], 0, 4));
  size_t length = std::clamp<size_t>(static_cast<size_t>(step.arg[4]), 1, kPage);
  const bool full = which >= 5 && which <= 8;
  const bool both_ends = which == 1 || which == 2 || which == 6 || which == 8 || which == 9;
  const bool from_pipe = object_of(in).kind == Object::kPipe;
  const Var& waits_at = full ? out : in;
  const bool forked = std::any_of(std::begin(shared_.pid), std::end(shared_.pid),
                                  [](pid_t pid) { return pid != 0; });
  Var* const other = waker(waits_at, full);
  skipped_ = other == nullptr || forked || shared_.sleeps >= 5 || nonblocking(waits_at) ||
             !(full ? out.writes : in.reads) || (full && both_ends && !from_pipe);
  if (!full) arrive(in);
  if (full || both_ends) {
    skipped_ = skipped_ || object_of(out).kind != Object::kPipe || !out.writes ||
               (both_ends && (in.object == out.object || nonblocking(in) || nonblocking(out)));
  }
  // A datagram socket does not see the other one go.
  skipped_ = skipped_ || (how == 1 && !full && object_of(in).kind == Object::kDatagram &&
                          !object_of(in).sequenced);
  if (skipped_) return;
  // One end is in the way: empty, or full. The other is not.
  const bool nothing = from_pipe ? empty(in) : !ready(in, POLLIN);
  skipped_ = full ? (both_ends && !ready(in, POLLIN)) || !fill(out)
                  : !nothing || (both_ends && !(empty(out) && ready(out, POLLOUT)));
  if (skipped_) return;
  if (both_ends) mark_scattered(in, out);
  ++shared_.sleeps;
  const size_t from = full ? take_pattern(length) : 0;
  size_t news = object_of(in).terminal ? 100 : kPage / 2;
  std::string bytes(pattern() + take_pattern(news), news);
  if (object_of(in).terminal) bytes += '\n';
  handle(how);
  Answer answers[2];
  std::string taken[2];
  bool slept[2];
  int handlers[2];
  Sleeper sleepers[2];
  for (int s = 0; s < 2; ++s) {
    Sleeper& sleeper = sleepers[s];
    const oracle::Calls& calls = *calls_[s];
    sleeper.leaves = how == 4;
    sleeper.call = [&, s]() -> int64_t {
      iovec iov = {full ? const_cast<char*>(pattern()) + from : buffer(s), length};
      pollfd p = {in.fd[s], POLLIN, 0};
      switch (which) {
        case 0:
          return calls.read(in.fd[s], buffer(s), length);
        case 3:
          return calls.vmsplice(in.fd[s], &iov, 1, 0);
        case 4:
          return calls.poll(&p, 1, -1);
        case 5:
          return calls.write(out.fd[s], pattern() + from, length);
        case 7:
          return calls.vmsplice(out.fd[s], &iov, 1, 0);
        case 1:
        case 6:
          return calls.splice(in.fd[s], nullptr, out.fd[s], nullptr, length, 0);
        case 9:
          return calls.sendfile(out.fd[s], in.fd[s], nullptr, length);
        default:
          return calls.tee(in.fd[s], out.fd[s], length, 0);
      }
    };
    handled = 0;
    before_call();
    pthread_t thread;
    if (pthread_create(&thread, nullptr, sleep_in_call, &sleeper) != 0) end(Verdict::kCutShort);
    slept[s] = sleeper.asleep();
    if (slept[s] && how >= 2) {
      pthread_kill(thread, SIGUSR1);
      for (int i = 0; i < kPatienceMs && handled == 0; ++i) ::usleep(1000);
      if (how == 3) slept[s] = sleeper.asleep();
    }
    if (how == 1) {
      calls.close(other->fd[s]);
    } else if (how == 0 || how == 3) {
      if (!full) {
        calls.write(other->fd[s], bytes.data(), bytes.size());
      } else {
        const ssize_t n = calls.read(other->fd[s], buffer(s), kBuffer);
        taken[s].assign(buffer(s), static_cast<size_t>(std::max<ssize_t>(n, 0)));
      }
    }
    if (!sleeper.over(kPatienceMs)) {
      if (s == kKernel) end(Verdict::kCutShort);
      differ("the engine's call sleeps on");
    }
    pthread_join(thread, nullptr);
    handlers[s] = handled;
    answers[s] = {sleeper.n, sleeper.error, after_call(0).signals};
  }
  if (!from_pipe && !full) {
    if (how == 0 || how == 3) put_bytes(*other, static_cast<int64_t>(bytes.size()));
    if (which != 4) took_bytes(in, answers[0].n);
    if (how == 1) object_of(in).finished = true;
  }
  if (how == 1) *other = {};
  // What went from pipe to pipe lies as the kernel's did, which nobody could look at before.
  if (from_pipe && both_ends) object_of(out).scattered = true;
  if (full && both_ends) {
    const auto again = [&](int s, Rest rest) -> ssize_t {
      return which == 6 ? calls_[s]->splice(in.fd[s], nullptr, out.fd[s], nullptr, rest.of(length),
                                            SPLICE_F_NONBLOCK)
                        : calls_[s]->tee(in.fd[s], out.fd[s], length, SPLICE_F_NONBLOCK);
    };
    which == 6 ? judge(answers, out, again) : judge_tee(answers, out, again);
  } else {
    agree(answers);
  }
  if (slept[0] != slept[1] || handlers[0] != handlers[1]) {
    differ("slept kernel: " + std::to_string(slept[0]) + ", engine: " + std::to_string(slept[1]));
  }
  if (taken[0] != taken[1]) differ("taken: " + difference(taken[0], taken[1]));
  if ((which == 0 || which == 3) && answers[0].n > 0) {
    const auto seen = static_cast<size_t>(answers[0].n);
    const std::string_view k(buffer(kKernel), seen), e(buffer(kEngine), seen);
    if (k != e) differ("read: " + difference(k, e));
  }
}

}  // namespace fuzz
