#include "tools/supervisor/callers.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

namespace anysplice::tools {
namespace {

std::string program_of(pid_t thread) {
  char path[PATH_MAX];
  const std::string link = absl::StrCat("/proc/", thread, "/exe");
  const ssize_t n = readlink(link.c_str(), path, sizeof(path));
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

}  // namespace

void Callers::forget_gone() {
  if (processes_.size() < enough_) return;
  for (auto at = processes_.begin(); at != processes_.end();) {
    const bool gone = kill(at->first, 0) != 0 && errno == ESRCH;
    at = gone ? processes_.erase(at) : std::next(at);
  }
  enough_ = 2 * processes_.size() + 64;
}

// And has not become another.
bool Callers::is_program(pid_t process) const {
  struct stat given, runs;
  return process == child_ && stat(program_.c_str(), &given) == 0 &&
         stat(absl::StrCat("/proc/", process, "/exe").c_str(), &runs) == 0 &&
         given.st_dev == runs.st_dev && given.st_ino == runs.st_ino;
}

// A process that now runs another program is a new one. One that runs the program of its parent is
// its child; they are numbered in the order of their first calls.
Callers::Process& Callers::process_of_thread(pid_t thread, pid_t process, pid_t parent) {
  const std::string program = program_of(thread);
  const auto known = processes_.find(process);
  if (known != processes_.end() && known->second->program == program) return *known->second;
  auto made = std::make_unique<Process>();
  made->program = program;
  const auto above = processes_.find(parent);
  if (!first_ && is_program(process)) {
    first_ = true;
    name_first(made->name);
  } else if (known == processes_.end() && above != processes_.end() &&
             above->second->program == program) {
    name_child(made->name, above->second->name, ++above->second->children);
  } else {
    name_started(made->name, program.c_str());
  }
  forget_gone();
  std::unique_ptr<Process>& place = processes_[process];
  place = std::move(made);
  return *place;
}

Callers::Found Callers::find(pid_t thread, const Relatives& relatives) {
  if (relatives.process == 0) return {};
  const std::lock_guard lock(mutex_);
  Process& process = process_of_thread(thread, relatives.process, relatives.parent);
  std::shared_ptr<Caller>& caller = process.caller[thread];
  if (caller == nullptr) {
    caller = std::make_shared<Caller>(process.name);
    if (thread != relatives.process) caller->counts.thread = ++process.threads;
  }
  return {caller, relatives.process};
}

}  // namespace anysplice::tools
