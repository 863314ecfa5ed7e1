#include "tools/explore/crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/explore/trial_text.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kFailure = "failure: ";

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&set, signal);
  return set;
}

bool send_line(int socket, std::string line) {
  line += '\n';
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t n = send(socket, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) sent += static_cast<size_t>(n);
  }
  return true;
}

// What a member does: a line with a task in, a line with a trial out, until there are no more.
[[noreturn]] void work(int socket, pid_t parent, const sigset_t& mask, Trials* trials) {
  // Without its parent nobody would end the run.
  prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (getppid() != parent) _exit(0);
  std::string received;
  for (;;) {
    const size_t end = received.find('\n');
    if (end == std::string::npos) {
      char buffer[4096];
      const ssize_t n = read(socket, buffer, sizeof(buffer));
      if (n <= 0) _exit(0);
      received.append(buffer, static_cast<size_t>(n));
      continue;
    }
    const std::optional<Task> task = task_of(received.substr(0, end));
    received.erase(0, end + 1);
    if (!task) _exit(1);
    const absl::StatusOr<Trial> trial = trials->run(*task);
    if (!send_line(socket, trial.ok() ? as_line(*trial)
                                      : absl::StrCat(kFailure, trial.status().message()))) {
      _exit(1);
    }
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Crew>> Crew::create(const TrialOptions& options, size_t jobs) {
  auto crew = std::unique_ptr<Crew>(new Crew);
  const sigset_t ending = ending_signals();
  sigprocmask(SIG_BLOCK, &ending, &crew->old_mask_);
  crew->signals_ = signalfd(-1, &ending, SFD_CLOEXEC);
  if (crew->signals_ < 0) return system_failure("cannot watch for signals", errno);
  for (size_t job = 1; job <= jobs; ++job) {
    Member& member = crew->members_.emplace_back();
    absl::StatusOr<std::unique_ptr<Trials>> trials = Trials::create(options, job);
    if (!trials.ok()) return trials.status();
    member.trials = *std::move(trials);
    if (absl::Status status = crew->hire(&member); !status.ok()) return status;
  }
  return crew;
}

absl::Status Crew::hire(Member* member) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_failure("cannot make a socket", errno);
  }
  const pid_t parent = getpid();
  member->process = fork();
  if (member->process == 0) {
    // A member that kept these of another would keep it from seeing the end of the tasks.
    for (const Member& other : members_) {
      if (other.socket >= 0) close(other.socket);
    }
    close(ends[0]);
    close(signals_);
    work(ends[1], parent, old_mask_, member->trials.get());
  }
  close(ends[1]);
  member->socket = ends[0];
  return member->process > 0 ? absl::OkStatus() : system_failure("cannot fork", errno);
}

void Crew::dismiss() {
  for (Member& member : members_) {
    if (member.socket >= 0) close(member.socket);
    if (member.process > 0) kill(member.process, SIGTERM);
    member.socket = -1;
  }
  for (Member& member : members_) {
    while (member.process > 0 && waitpid(member.process, nullptr, 0) < 0 && errno == EINTR) {
    }
    member.process = -1;
  }
}

Crew::~Crew() {
  dismiss();
  if (signals_ >= 0) close(signals_);
  sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
}

std::optional<size_t> Crew::idle() const {
  for (size_t job = 0; job < members_.size(); ++job) {
    if (!members_[job].busy) return job;
  }
  return std::nullopt;
}

absl::Status Crew::start(size_t job, const Task& task) {
  members_[job].busy = true;
  if (send_line(members_[job].socket, as_line(task))) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("job ", job + 1, " has ended"));
}

absl::StatusOr<std::optional<Crew::Done>> Crew::hear(size_t job) {
  Member& member = members_[job];
  char buffer[1 << 14];
  const ssize_t n = read(member.socket, buffer, sizeof(buffer));
  if (n <= 0) return absl::InternalError(absl::StrCat("job ", job + 1, " was ended by somebody"));
  member.received.append(buffer, static_cast<size_t>(n));
  const size_t end = member.received.find('\n');
  if (end == std::string::npos) return std::nullopt;
  const std::string line = member.received.substr(0, end);
  member.received.erase(0, end + 1);
  member.busy = false;
  if (absl::string_view why = line; absl::ConsumePrefix(&why, kFailure)) {
    return absl::FailedPreconditionError(why);
  }
  std::optional<Trial> trial = trial_of(line);
  if (!trial) return absl::InternalError(absl::StrCat("job ", job + 1, " makes no sense"));
  return Done{job, *std::move(trial)};
}

absl::StatusOr<Crew::Done> Crew::next() {
  for (;;) {
    std::vector<pollfd> watched = {{signals_, POLLIN, 0}};
    for (const Member& member : members_) {
      watched.push_back({member.busy ? member.socket : -1, POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return system_failure("cannot wait for a run", errno);
    }
    if (signalfd_siginfo info;
        watched[0].revents != 0 && read(signals_, &info, sizeof(info)) == sizeof(info)) {
      dismiss();
      for (Member& member : members_) member.trials.reset();  // its files
      signal(static_cast<int>(info.ssi_signo), SIG_DFL);
      sigprocmask(SIG_SETMASK, &old_mask_, nullptr);
      raise(static_cast<int>(info.ssi_signo));
      _exit(128 + static_cast<int>(info.ssi_signo));
    }
    for (size_t job = 0; job < members_.size(); ++job) {
      if (watched[job + 1].revents == 0) continue;
      absl::StatusOr<std::optional<Done>> done = hear(job);
      if (!done.ok()) return done.status();
      if (*done) return **std::move(done);
    }
  }
}

}  // namespace anysplice::tools
