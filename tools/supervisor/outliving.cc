// What becomes of the service when the program has ended, and other processes that it made have
// not.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>

#include "tools/supervisor/service.h"

namespace anysplice::tools {

bool Service::is_needed() const {
  pollfd listener{setup_.listener, 0, 0};
  return poll(&listener, 1, 0) == 0;
}

// No call is under way afterwards: those that wait are left unanswered for the moment.
void Service::stop() {
  stopping_ = true;
  eventfd_write(stop_, 1);
  lead_.take();
  std::unique_lock lock(mutex_);
  while (in_hand_ > 0) {
    for (const Job& job : jobs_) pthread_kill(job.worker, SIGRTMIN);
    some_.wait_for(lock, std::chrono::milliseconds(1), [] { return false; });
  }
}

void Service::leave_to_child() {
  // Also what moves bytes for somebody who has just been killed.
  stop();
  if (!is_needed()) return;
  const std::lock_guard lock(mutex_);  // not half-way in the child
  if (fork() == 0) go_on();
}

void* Service::work_on_resumed(void* resumed) {
  const std::unique_ptr<Resumed> own(static_cast<Resumed*>(resumed));
  own->service->serve(own->call);
  --own->service->in_hand_;
  return nullptr;
}

void Service::resume(const seccomp_notif& call) {
  auto own = std::make_unique<Resumed>(Resumed{this, call});
  ++in_hand_;
  if (spawn(work_on_resumed, own.get())) {
    own.release();
  } else {
    --in_hand_;
  }
}

void Service::go_on() {
  mutex_.unlock();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setsid();
  if (chdir("/") != 0) _exit(1);
  // Nobody is to wait for the end of what we happen to have open.
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd <= 2; ++fd) dup2(nothing, fd);
  const int kept = dup2(setup_.listener, 3);
  if (kept < 0) _exit(1);
  closefrom(4);
  auto* const next = new Service(setup_);
  next->setup_.listener = kept;
  next->preloaded_ = std::move(preloaded_);
  if (!next->start()) _exit(1);
  for (const seccomp_notif& call : unfinished_) next->resume(call);
  pollfd listener{kept, 0, 0};
  while (poll(&listener, 1, -1) < 0 && errno == EINTR) {
  }
  _exit(0);
}

}  // namespace anysplice::tools
