#include "tests/fuzz/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/memory/fault_guard.h"
#include "core/policy/mode.h"
#include "tests/fuzz/natives.h"
#include "tools/conform/cases/text.h"

namespace fuzz {
namespace {

constexpr int kErrnoBefore = 4000;  // no errno: shows who changed it
volatile sig_atomic_t broken_pipes;

void count_signal(int) { broken_pipes = broken_pipes + 1; }

std::string told(const Answer& a) {
  std::string text = a.n < 0 ? oracle::errno_name(a.error) : std::to_string(a.n);
  if (a.n >= 0 && a.error != 0) text += " (errno changed)";
  if (a.signals != 0) text += " SIGPIPE*" + std::to_string(a.signals);
  return text;
}

}  // namespace

std::vector<iovec> segments(const char* at, size_t length, int64_t count, int64_t bad) {
  count = std::clamp<int64_t>(count, 0, 1100);
  std::vector<iovec> iov;
  const size_t each = count == 0 ? 0 : length / static_cast<size_t>(count);
  for (int64_t i = 0; i < count; ++i) {
    const size_t n = i == count - 1 ? length - each * static_cast<size_t>(i) : each;
    iov.push_back({i == bad ? nowhere() : const_cast<char*>(at), n});
    at += n;
  }
  return iov;
}

Stage::Stage(Shared* shared, const Program& program) : shared_(*shared), program_(program) {
  struct sigaction action = {};
  action.sa_handler = count_signal;
  action.sa_flags = SA_RESTART;  // as all but one of asleep.cc
  sigaction(SIGPIPE, &action, nullptr);
  const Config config = program.config.value_or(Config{});
  const bool rings = config.kind == Config::kRings ||
                     (config.kind == Config::kAuto && (config.natives & 0x100) == 0);
  calls_[kKernel] = &oracle::take_side(oracle::Side::kKernel);
  if (config.kind == Config::kNative) {
    calls_[kEngine] = calls_[kKernel];
  } else {
    calls_[kEngine] = &oracle::take_side(rings ? oracle::Side::kRings : oracle::Side::kNoRings);
  }
  if (config.kind == Config::kAuto) {
    anysplice::set_mode(anysplice::Mode::kAuto, 0);
    set_natives(config.natives, &shared_.native_calls);
    if ((config.natives & 0x200) != 0) anysplice::fault_guard::allow();
  }
  lowest_ = ::dup(0);
  ::close(lowest_);
}

Object& Stage::object_of(const Var& v) {
  static Object nothing;
  nothing = {};
  return v.open() ? shared_.object[v.object] : nothing;
}

void Stage::before_call() {
  broken_pipes = 0;
  errno = kErrnoBefore;
}

Answer Stage::after_call(int64_t n) {
  const int error = errno;
  return {n, n < 0 ? error : error == kErrnoBefore ? 0 : error, broken_pipes};
}

void Stage::agree(const Answer answers[2]) {
  if (answers[kKernel] == answers[kEngine]) return;
  differ("kernel: " + told(answers[kKernel]) + ", engine: " + told(answers[kEngine]));
}

void Stage::end(Verdict verdict) {
  Verdict open = Verdict::kOpen;
  shared_.verdict.compare_exchange_strong(open, verdict);
  ::_exit(0);
}

void Stage::differ(const std::string& what) {
  const std::string text =
      (step_ != nullptr ? to_text(*step_) : std::string("at the end")) + "\n  " + what + "\n";
  if (shared_.verdict == Verdict::kOpen) {
    snprintf(shared_.report, sizeof shared_.report, "%s", text.c_str());
  }
  end(Verdict::kDifferent);
}

// What can be seen without disturbing much. How much is looked at differs between programs: a look
// may settle what would have gone wrong.
void Stage::observe(const Step& step) {
  if (program_.observe == 0) return;
  for (int i = 0; i < info(step.op).count(); ++i) {
    const Arg kind = info(step.op).args[i];
    if (kind == Arg::kVariable || kind == Arg::kFresh) look_at(var(step.arg[i]), program_.observe);
  }
}

void Stage::look_at(Var& v, int depth) {
  if (!v.open()) return;
  switch (object_of(v).kind) {
    case Object::kPipe:
      unread(v);
      if (depth > 1) poll({&v}, POLLIN | POLLOUT);
      break;
    case Object::kFile:
      both([&](int side) { return lseek(v.fd[side], 0, SEEK_CUR); });
      both([&](int side) {
        struct stat st;
        return fstat(v.fd[side], &st) == 0 ? st.st_size : -1;
      });
      break;
    case Object::kStream:
    case Object::kDatagram:
    case Object::kTcp:
      look_at_socket(v);
      break;
    default:
      break;
  }
}

void Stage::finish() {
  step_ = nullptr;
  for (Var& v : vars_) {
    if (!v.open()) continue;
    const Object& object = object_of(v);
    if (object.kind == Object::kFile) {
      look_at(v, 1);
      std::string content[2];
      for (int side = 0; side < 2; ++side) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", v.fd[side]);
        const int reader = ::open(path, O_RDONLY | O_CLOEXEC);
        const ssize_t n = pread(reader, buffer(side), kBuffer, 0);
        content[side].assign(buffer(side), static_cast<size_t>(std::max<ssize_t>(n, 0)));
        ::close(reader);
      }
      if (content[0] != content[1]) differ("file: " + difference(content[0], content[1]));
    } else if (v.reads && (object.kind != Object::kDevice || object.terminal)) {
      set_nonblock(v, true);
      arrive(v);
      const std::string k = drain(v, kKernel), e = drain(v, kEngine);
      if (k != e) differ("left in it: " + difference(k, e));
      if (object.kind == Object::kPipe) {
        both([&](int side) { return calls_[side]->read(v.fd[side], buffer(side), 1); });
      }
    }
  }
  for (Var& v : vars_) {
    // No TIME_WAIT: a run makes more connections than there are ports.
    const linger hard = {1, 0};
    for (int fd : v.fd) {
      if (object_of(v).kind == Object::kTcp)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    if (v.open()) close(v);
  }
  const int lowest = ::dup(0);
  if (lowest != lowest_) differ("descriptor " + std::to_string(lowest_) + " stayed open");
  end(Verdict::kSame);
}

}  // namespace fuzz
