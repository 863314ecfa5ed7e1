#include "tools/supervisor/service.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/sys/say.h"
#include "core/sys/supervisor.h"
#include "tools/supervisor/call.h"
#include "tools/supervisor/known_packets.h"
#include "tools/supervisor/reply.h"
#include "tools/supervisor/rights.h"
#include "tools/supervisor/trace.h"

namespace anysplice::tools {
namespace {

using Clock = std::chrono::steady_clock;

// How soon a signal, or the end of the program, is noticed by a call that waits.
constexpr std::chrono::milliseconds kTick(10);

// Not in the headers of older systems.
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, __u64);
constexpr unsigned long kSyncWakeUp = 1;

int wake_signal() { return SIGRTMIN; }

sigset_t only(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

// Signals that a call raised in this thread, where they are blocked, are the program's. And no
// signal of ours reaches the next call.
void pass_on_signals(const Target& target) {
  const sigset_t raised = only({SIGPIPE, SIGXFSZ, wake_signal()});
  constexpr timespec kAtOnce{0, 0};
  for (int signal; (signal = sigtimedwait(&raised, nullptr, &kAtOnce)) > 0;) {
    if (signal != wake_signal()) target.send(signal);
  }
}

}  // namespace

bool Service::start() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(wake_signal(), &action, nullptr);
  // Program and supervisor wait for each other: neither is to be moved to another processor for
  // that (Linux 6.6). Others do without.
  ioctl(setup_.listener, kSetFlags, kSyncWakeUp);
  stop_ = eventfd(0, EFD_CLOEXEC);
  return stop_ >= 0 && spawn(watch) && spawn(work);
}

bool Service::spawn(void* (*body)(void*), void* argument) {
  constexpr size_t kStack = size_t{512} * 1024;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  errno = pthread_create(&thread, &attributes, body, argument);
  const bool made = errno == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return made;
}

void* Service::work(void* service) {
  static_cast<Service*>(service)->lead_and_work();
  return nullptr;
}

void* Service::watch(void* service) {
  static_cast<Service*>(service)->watch_jobs();
  return nullptr;
}

// What cannot be had here goes to the kernel, or ends with the error after which programs copy by
// themselves. `why`: null if there is nothing to say.
void Service::not_possible(const seccomp_notif& call, Call which, const char* why) {
  if (!setup_.quiet && why != nullptr && !told_.exchange(true)) {
    say("calls of process ", std::to_string(call.pid).c_str(),
        " cannot be carried out for it: ", why);
  }
  if (setup_.kernels.test(static_cast<size_t>(which))) {
    let_kernel_make_it(setup_.listener, call.id);
  } else {
    reply(setup_.listener, call.id, -EINVAL);
  }
}

// Calls by which a child of ours, or the library, tries whether we are there.
bool Service::answer_sign(const seccomp_notif& call) {
  const __u64* const args = call.data.args;
  if (args[0] != static_cast<__u64>(-1) || args[3] != setup_.probe) return false;
  long answer = setup_.probe_answer;
  if (args[4] == supervisor::kHello) {
    const auto thread = static_cast<pid_t>(call.pid);
    const std::lock_guard lock(mutex_);
    const pid_t process = relatives_of(thread).process;
    const bool in_call = std::any_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
      return relatives_of(static_cast<pid_t>(job.call.pid)).process == process;
    });
    answer = preloaded_.introduce(thread, args[1], in_call);
  }
  reply(setup_.listener, call.id, answer);
  return true;
}

// Makes a job one of those under way, unless something has to be done first.
Preloaded::Next Service::begin(std::list<Job>& mine) {
  const std::lock_guard lock(mutex_);
  const auto thread = static_cast<pid_t>(mine.front().call.pid);
  const Preloaded::Next next = preloaded_.before_call(thread, setup_.probe);
  if (next != Preloaded::Next::kCarryOut) return next;
  jobs_.splice(jobs_.end(), mine, mine.begin());
  if (!watching_) some_.notify_one();
  return next;
}

// What the filter tells besides. That it is true need not be proved.
void Service::take_note(const seccomp_notif& call) const {
  Lead::give_up();
  const bool native = call.data.arch == seccomp_arch_native();
  if (native && (call.data.nr == SYS_pipe2 || call.data.nr == SYS_fcntl)) {
    Target target(setup_.listener, call);
    if (make_packets(target, call.data)) return reply(setup_.listener, call.id, 0);
  } else {
    note_change_of_groups();
  }
  let_kernel_make_it(setup_.listener, call.id);
}

void Service::serve(const seccomp_notif& call) {
  const std::optional<Call> which = call_of(call.data);
  if (!which) return take_note(call);
  if (answer_sign(call)) return;
  std::list<Job> mine(1);
  const auto at = mine.begin();
  Job& job = *at;
  job.call = call;
  job.worker = pthread_self();
  job.lead = Lead::mine();
  job.since = Clock::now();
  switch (begin(mine)) {
    case Preloaded::Next::kCarryOut:
      break;
    case Preloaded::Next::kAgain:
      return reply_for_signal(setup_.listener, call.id, static_cast<pid_t>(call.pid),
                              Signals::kPending, setup_.child);
    case Preloaded::Next::kRefuse:
      return not_possible(call, *which,
                          "it keeps bytes of pipes, and blocks the signal for putting them back");
  }
  Answer answer;
  Signals signals;
  bool gone;
  {
    Target target(setup_.listener, call);
    const sigset_t wake = only({wake_signal()});
    pthread_sigmask(SIG_UNBLOCK, &wake, nullptr);
    {
      const Callers::Found caller =
          setup_.identify ? callers_.find(target.thread(), target.relatives()) : Callers::Found{};
      const CallsOf calls(caller.caller.get(), static_cast<uint64_t>(caller.process));
      const TracedFor traced(target, caller.process, *which, call.data.args);
      answer = carry_out(target, *which, call.data);
    }
    pthread_sigmask(SIG_BLOCK, &wake, nullptr);
    {
      const std::lock_guard lock(mutex_);
      mine.splice(mine.end(), jobs_, at);
      signals = job.signals;
      gone = job.gone;
      if (stopping_ && !gone && signals == Signals::kNone && answer.result == -EINTR) {
        unfinished_.push_back(call);
        gone = true;
      }
    }
    pass_on_signals(target);
    // What is not to be had of somebody who has gone says nothing.
    gone |= answer.refused != 0 && !target.is_waiting();
  }
  if (gone) return;
  if (answer.refused != 0) {
    // (Of a kind of descriptor that is left to the kernel there is nothing to say.)
    const char* const why = answer.refused != EOPNOTSUPP ? strerror(answer.refused) : nullptr;
    return not_possible(call, *which, why);
  }
  const bool restarts = signals == Signals::kPerhaps || !answer.ends_with_time;
  if (answer.result == -EINTR && signals != Signals::kNone && restarts) {
    return reply_for_signal(setup_.listener, call.id, static_cast<pid_t>(call.pid), signals,
                            setup_.child);
  }
  reply(setup_.listener, call.id, answer.result);
}

// Looking takes time for each thread that waits, and no call is to wait for that: it is done
// without the lock, and not all the time.
void Service::watch_jobs() {
  std::chrono::nanoseconds pause = kTick;
  for (;;) {
    std::vector<Look> waiting = waiting_jobs(pause);
    const Clock::time_point start = Clock::now();
    look_at(waiting);
    wake(waiting);
    pause = std::max<std::chrono::nanoseconds>(kTick, 4 * (Clock::now() - start));
  }
}

std::vector<Service::Look> Service::waiting_jobs(std::chrono::nanoseconds pause) {
  std::unique_lock lock(mutex_);
  watching_ = !jobs_.empty();
  if (!watching_) {
    some_.wait(lock);
    watching_ = true;
  }
  some_.wait_for(lock, pause, [] { return false; });
  const Clock::time_point old = Clock::now() - kTick / 2;
  std::vector<Look> waiting;
  for (const Job& job : jobs_) {
    if (job.since >= old) continue;
    lead_.take_away(job.lead);
    waiting.push_back({.call = job.call});
  }
  return waiting;
}

void Service::look_at(std::vector<Look>& waiting) {
  SignalLook signals;
  for (Look& look : waiting) {
    look.gone = ioctl(setup_.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &look.call.id) != 0;
    if (look.gone) continue;
    const auto thread = static_cast<pid_t>(look.call.pid);
    const std::string status = status_of(thread);
    look.signals = signals.in(status);
    tracers_.look(thread, status);
  }
}

void Service::wake(const std::vector<Look>& seen) {
  const std::lock_guard lock(mutex_);
  auto job = jobs_.begin();
  for (const Look& look : seen) {  // in the order of the jobs, of which some have ended since
    const auto is_it = [&look](const Job& one) { return one.call.id == look.call.id; };
    const auto found = std::find_if(job, jobs_.end(), is_it);
    if (found == jobs_.end()) continue;
    wake(*found, look);
    job = std::next(found);
  }
}

// Its thread may see the signal before it waits: then the next look sends another.
void Service::wake(Job& job, const Look& seen) {
  // A signal that another thread may take is given some time to be taken.
  const bool early = seen.signals == Signals::kPerhaps && !std::exchange(job.perhaps, true);
  if (seen.signals == Signals::kNone) job.perhaps = false;
  job.gone |= seen.gone;
  if (seen.signals != Signals::kNone && !early) job.signals = seen.signals;
  if (job.gone || job.signals != Signals::kNone) pthread_kill(job.worker, wake_signal());
}

}  // namespace anysplice::tools
