#include "tools/explore/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tools/explore/around.h"
#include "tools/launch.h"
#include "tools/status.h"
#include "tools/supervise.h"
#include "tools/supervisor/run_program.h"

namespace anysplice::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEnding[] = {SIGHUP, SIGINT, SIGTERM};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int signal : kEnding) sigaddset(&set, signal);
  return set;
}

std::string content_of(int fd) {
  std::string content;
  char buffer[1 << 16];
  for (off_t at = 0;;) {
    const ssize_t n = pread(fd, buffer, sizeof(buffer), at);
    if (n <= 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    at += n;
  }
}

size_t hash_of(int fd) {
  size_t hash = 0;
  char buffer[1 << 16];
  for (off_t at = 0;;) {
    const ssize_t n = pread(fd, buffer, sizeof(buffer), at);
    if (n <= 0) return hash ^ static_cast<size_t>(at);
    const std::string_view piece(buffer, static_cast<size_t>(n));
    hash = hash * 1099511628211u + std::hash<std::string_view>()(piece);
    at += n;
  }
}

size_t hash_of_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return 1;  // a file that is not there is not an empty one
  const size_t hash = hash_of(fd);
  close(fd);
  return hash;
}

std::string last_line(int fd) {
  const std::string text = content_of(fd);
  std::string last;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    last = std::string(line);
  }
  return last;
}

// Ends what a trial has left behind: its process group, and all that has become our child because
// its own parent ended.
void end_all(pid_t group) {
  kill(-group, SIGKILL);
  for (int tries = 0; tries < 200; ++tries) {
    std::ifstream list(absl::StrCat("/proc/self/task/", getpid(), "/children"));
    for (pid_t pid; list >> pid;) kill(pid, SIGKILL);
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) return;
    usleep(5000);
  }
}

// Waits until the child has ended (true, with its status) or time is up.
bool wait_for(pid_t child, Clock::time_point until, int* status) {
  const sigset_t watched = watched_signals();
  for (;;) {
    const pid_t ended = waitpid(child, status, WNOHANG);
    if (ended == child) return true;
    const auto left = std::chrono::nanoseconds(until - Clock::now()).count();
    if (left <= 0) return false;
    const timespec timeout{static_cast<time_t>(left / 1000000000),
                           static_cast<long>(left % 1000000000)};
    const int signal_number = sigtimedwait(&watched, nullptr, &timeout);
    if (std::find(std::begin(kEnding), std::end(kEnding), signal_number) != std::end(kEnding)) {
      end_all(child);
      signal(signal_number, SIG_DFL);
      sigprocmask(SIG_UNBLOCK, &watched, nullptr);
      raise(signal_number);
      _exit(128 + signal_number);
    }
  }
}

// In a child of ours: the program, or its supervisor, which ends as it does.
[[noreturn]] void be(const RunOptions& options, const std::string& program) {
  if (options.supervised.none()) _exit(become(options, program));
  const absl::StatusOr<int> status = run_program(options, program);
  if (!status.ok()) _exit(report(status.status()));
  if (WIFSIGNALED(*status)) end_like(*status);
  _exit(WEXITSTATUS(*status));
}

}  // namespace

Verdict judge(const Trial& clean, const Trial& trial, Duty duty) {
  if (trial.timed_out) return Verdict::kHung;
  if (trial.wait_status == clean.wait_status) {
    if (trial.differs) return Verdict::kWrongOutput;
    // What it also does without a failure is told once.
    if (!std::includes(clean.reused.begin(), clean.reused.end(), trial.reused.begin(),
                       trial.reused.end())) {
      return Verdict::kReused;
    }
    return trial.reached ? Verdict::kSurvived : Verdict::kNotReached;
  }
  if (WIFSIGNALED(trial.wait_status)) return Verdict::kKilled;
  const bool error = WEXITSTATUS(trial.wait_status) != 0;
  return duty == Duty::kNotice && error ? Verdict::kSurvived : Verdict::kWrongStatus;
}

Trials::Trials(const TrialOptions& options, size_t job) : options_(options) {
  const std::string number = absl::StrCat(job);
  for (std::string& file : options_.files) file = absl::StrReplaceAll(file, {{"{job}", number}});
  for (const char* word : options.run.command) {
    words_.push_back(absl::StrReplaceAll(word, {{"{job}", number}}));
  }
  for (std::string& word : words_) pointers_.push_back(word.data());
  pointers_.push_back(nullptr);
  options_.run.command = absl::MakeConstSpan(pointers_.data(), words_.size());
}

Trials::~Trials() {
  if (replay_.fd < 0) return;
  close(replay_.fd);
  unlink(replay_.path.c_str());
}

absl::StatusOr<std::unique_ptr<Trials>> Trials::create(const TrialOptions& options, size_t job) {
  auto trials = std::unique_ptr<Trials>(new Trials(options, job));
  absl::StatusOr<std::unique_ptr<JournalFile>> journal = JournalFile::create();
  if (!journal.ok()) return journal.status();
  trials->journal_ = *std::move(journal);
  absl::StatusOr<TemporaryFile> replay = make_temporary_file("replay");
  if (!replay.ok()) return replay.status();
  trials->replay_ = *std::move(replay);
  if (options.run.check.reuse) {
    absl::StatusOr<std::unique_ptr<FindingsFile>> findings = FindingsFile::create();
    if (!findings.ok()) return findings.status();
    trials->findings_ = *std::move(findings);
  }
  return trials;
}

// Of this process, which its children inherit.
absl::Status Trials::set_environment(const Task& task) {
  std::string spec = options_.run.inject.spec;
  if (!task.spec.empty()) absl::StrAppend(&spec, spec.empty() ? "" : ";", task.spec);
  if (spec.empty()) {
    unsetenv("ANYSPLICE_INJECT");
  } else {
    setenv("ANYSPLICE_INJECT", spec.c_str(), 1);
  }
  unsetenv("ANYSPLICE_REPLAY");
  if (!task.replay.empty()) {
    if (ftruncate(replay_.fd, 0) != 0 || lseek(replay_.fd, 0, SEEK_SET) != 0 ||
        !write_all(replay_.fd, task.replay)) {
      return system_failure(absl::StrCat("cannot write ", replay_.path), errno);
    }
    setenv("ANYSPLICE_REPLAY", replay_.path.c_str(), 1);
  }
  setenv("ANYSPLICE_JOURNAL", journal_->path().c_str(), 1);
  if (findings_ != nullptr) setenv("ANYSPLICE_FINDINGS", findings_->path().c_str(), 1);
  return absl::OkStatus();
}

void Trials::tell_injected(const Task& task, Trial* trial) const {
  const std::vector<const inject::Entry*> entries = journal_->entries();
  for (const inject::Entry* entry : entries) {
    if (entry->decision.nothing()) continue;
    trial->reached = true;
    if (trial->faults.size() == kMaxFaults) break;
    trial->faults.push_back(format_decision(entry->site, entry->decision));
  }
  if (task.record && !task.clean()) trial->calls = calls_around_fault(entries);
}

absl::StatusOr<Trial> Trials::run(const Task& task) {
  for (const std::string& file : options_.files) unlink(file.c_str());
  journal_->restart(task.record);
  if (findings_ != nullptr) findings_->restart();
  if (absl::Status status = set_environment(task); !status.ok()) return status;
  const int out = memfd_create("stdout", MFD_CLOEXEC);
  const int err = memfd_create("stderr", MFD_CLOEXEC);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const absl::Cleanup shut = [=] {
    for (const int fd : {out, err, in}) close(fd);
  };
  if (out < 0 || err < 0 || in < 0) return system_failure("cannot keep the output", errno);

  const sigset_t watched = watched_signals();
  sigset_t old_mask;
  sigprocmask(SIG_BLOCK, &watched, &old_mask);
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child < 0) return system_failure("cannot fork", errno);
  if (child == 0) {
    setpgid(0, 0);
    sigprocmask(SIG_SETMASK, &old_mask, nullptr);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    be(options_.run, options_.program);
  }
  Trial trial;
  const auto until = start + std::chrono::duration_cast<Clock::duration>(task.timeout);
  trial.timed_out = !wait_for(child, until, &trial.wait_status);
  trial.took = Clock::now() - start;
  end_all(child);
  sigprocmask(SIG_SETMASK, &old_mask, nullptr);
  trial.written = options_.compare_stdout ? hash_of(out) : 0;
  for (const std::string& file : options_.files) {
    trial.written = trial.written * 1099511628211u + hash_of_file(file);
  }
  if (!clean_) clean_ = trial.written;
  trial.differs = trial.written != *clean_;
  trial.complaint = last_line(err);
  tell_injected(task, &trial);
  if (findings_ != nullptr) {
    for (const ReuseFinding& finding : findings_->list(options_.run.check)) {
      if (!finding.allowed) trial.reused.push_back(summary_of(finding));
    }
    std::sort(trial.reused.begin(), trial.reused.end());
  }
  return trial;
}

}  // namespace anysplice::tools
