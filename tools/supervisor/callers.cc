#include "tools/supervisor/callers.h"

#include <limits.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

std::string program_of(pid_t thread) {
  char path[PATH_MAX];
  const std::string link = absl::StrCat("/proc/", thread, "/exe");
  const ssize_t n = readlink(link.c_str(), path, sizeof(path));
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

}  // namespace

// A process that now runs another program is a new one. One that runs the program of its parent is
// its child; they are numbered in the order of their first calls.
Callers::Process& Callers::process_of_thread(pid_t thread, pid_t process, pid_t parent) {
  const std::string program = program_of(thread);
  std::unique_ptr<Process>& known = processes_[process];
  if (known != nullptr && known->program == program) return *known;
  auto made = std::make_unique<Process>();
  made->program = program;
  const auto above = processes_.find(parent);
  if (processes_.size() == 1 && known == nullptr) {
    name_first(made->name);
  } else if (known == nullptr && above != processes_.end() && above->second->program == program) {
    name_child(made->name, above->second->name, ++above->second->children);
  } else {
    name_started(made->name, program.c_str());
  }
  if (known != nullptr) gone_.push_back(std::move(known));
  known = std::move(made);
  return *known;
}

Callers::Found Callers::find(pid_t thread) {
  const Family family = family_of(thread);
  const std::lock_guard lock(mutex_);
  Process& process = process_of_thread(thread, family.process, family.parent);
  std::unique_ptr<Caller>& caller = process.caller[thread];
  if (caller == nullptr) {
    caller = std::make_unique<Caller>(process.name);
    if (thread != family.process) caller->counts.thread = ++process.threads;
  }
  return {caller.get(), family.process};
}

}  // namespace anysplice::tools
