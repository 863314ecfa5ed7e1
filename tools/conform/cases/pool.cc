#include "tools/conform/cases/pool.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <new>
#include <stdexcept>

namespace oracle {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kTick = 10ms;
constexpr auto kBlocked = 150ms;  // in one call for this long, and asleep: it blocks
constexpr auto kSpinning = 4s;    // in one call for this long, and not asleep
constexpr auto kScripted = 10s;   // for a case that releases itself
constexpr auto kForgotten = 20s;  // not even in a call under test

// Where the cases keep their files; empty again when the program ends.
class Directory {
 public:
  Directory() {
    const char* base = getenv("TMPDIR");
    path_ = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/oracle-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no directory: " + path_);
  }
  ~Directory() { rmdir(path_.c_str()); }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

class Slot {
 public:
  Slot() {
    void* memory =
        mmap(nullptr, sizeof(Log), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    log_ = new (memory) Log;
  }
  bool idle() const { return job_ == nullptr; }
  void start(Job* job);
  // Looks after the process; true when the job has ended.
  bool watch(const Limits& limits);

 private:
  void finish(const std::string& last_words);
  void kill_and_finish(const char* last_words) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    finish(last_words);
  }

  Log* log_;
  Job* job_ = nullptr;
  pid_t pid_ = 0;
  uint32_t serial_ = 0;
  uint32_t scripted_ = 0;
  Clock::time_point started_;
  Clock::time_point since_;  // the last call
  int asleep_ = 0;
};

const Directory& directory() {
  static const Directory directory;
  return directory;
}

void Slot::start(Job* job) {
  log_->clear();
  job_ = job;
  serial_ = scripted_ = 0;
  asleep_ = 0;
  started_ = since_ = Clock::now();
  const char* const path = directory().path();
  const pid_t parent = getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  // Its own group, so that children of the case end with it.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);  // Catch's handlers
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core = {};
  setrlimit(RLIMIT_CORE, &no_core);
  {
    World world(job->calls(), log_, path);
    (*job->body)(world);
  }
  _exit(0);
}

void Slot::finish(const std::string& last_words) {
  job_->outcome.text.assign(log_->text, log_->length);
  job_->outcome.text += last_words;
  job_->outcome.skipped = log_->skipped != 0;
  job_->outcome.used = log_->used;
  job_ = nullptr;
}

bool Slot::watch(const Limits& limits) {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) {
    ::kill(-pid_, SIGKILL);  // what the case may have left behind
    if (WIFSIGNALED(status)) {
      finish("died of " + signal_name(WTERMSIG(status)) + "\n");
    } else {
      finish(status == 0 ? "" : "ended with status " + std::to_string(status) + "\n");
    }
    return true;
  }
  const auto now = Clock::now();
  if (now - started_ > std::chrono::seconds(limits.seconds)) {
    kill_and_finish("takes longer than is allowed\n");
    return true;
  }
  const uint32_t serial = log_->serial, scripted = log_->scripted;
  if (serial != serial_ || scripted != scripted_) {
    serial_ = serial;
    scripted_ = scripted;
    since_ = now;
    asleep_ = 0;
  }
  const auto stays = now - since_;
  if (serial % 2 == 0) {
    if (stays < kForgotten) return false;
    kill_and_finish("hangs outside of the calls under test\n");
    return true;
  }
  if (stays < kBlocked / 2) return false;
  asleep_ = state_of(pid_, pid_) == 'S' ? asleep_ + 1 : 0;
  if (scripted != 0) {
    if (stays < kScripted) return false;
    kill_and_finish("is not released\n");
  } else if (stays > kBlocked * limits.patience && asleep_ >= 5) {
    kill_and_finish("blocks (S)\n");
  } else if (stays > kSpinning && asleep_ == 0) {  // (what sleeps may not have been seen for long)
    kill_and_finish("spins\n");
  } else {
    return false;
  }
  return true;
}

}  // namespace

void run(std::vector<Job>& jobs, const Limits& limits) {
  static std::vector<Slot> slots(limits.at_once);
  directory();
  sigset_t child, before;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &before);
  const timespec tick = {0, std::chrono::nanoseconds(kTick).count()};
  size_t started = 0, ended = 0;
  while (ended < jobs.size()) {
    for (Slot& slot : slots) {
      if (!slot.idle() && slot.watch(limits)) ++ended;
      if (slot.idle() && started < jobs.size()) slot.start(&jobs[started++]);
    }
    if (ended < jobs.size()) sigtimedwait(&child, nullptr, &tick);
  }
  sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace oracle
