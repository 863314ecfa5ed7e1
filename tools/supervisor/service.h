// The threads of this command that carry out the program's calls: one for each call under way, so
// that one that waits stops no other (lead.h), and one that looks after those that wait.
//
// Lives as long as the process. Its threads take no signals but one of their own, which ends a
// wait.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_SERVICE_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_SERVICE_H_

#include <linux/seccomp.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "tools/block.h"
#include "tools/supervisor/callers.h"
#include "tools/supervisor/lead.h"
#include "tools/supervisor/preloaded.h"
#include "tools/supervisor/target.h"
#include "tools/supervisor/thread_status.h"
#include "tools/supervisor/tracers.h"

namespace anysplice::tools {

class Service {
 public:
  struct Setup {
    int listener;
    pid_t child;          // the program
    std::string program;  // its path
    CallSet kernels;      // calls that the kernel would answer if we did not
    uint64_t probe;       // a length that no program asks for: such a call is answered by
    long probe_answer;    // this
    bool identify;        // the callers are to be told apart
    bool quiet;
  };

  // False, with errno, if there can be no threads. Never to be destroyed after that.
  explicit Service(const Setup& setup) : setup_(setup) {}
  bool start();

  // What the program started, and what has outlived it, goes on being served, by a process that is
  // made for that; this one does not serve any more. To be called by the first thread.
  void leave_to_child();

 private:
  struct Resumed {
    Service* service;
    seccomp_notif call;
  };

  struct Job {
    seccomp_notif call;
    pthread_t worker;
    uint64_t lead;  // that the worker had when it began, or 0
    std::chrono::steady_clock::time_point since;
    bool perhaps = false;  // a signal for it was seen, which may be for another thread
    // Why the worker was woken. That stays so: it may come to it later than at the next look.
    bool gone = false;
    Signals signals = Signals::kNone;
  };

  // What is seen of a call that waits.
  struct Look {
    seccomp_notif call;
    bool gone = false;
    Signals signals = Signals::kNone;
  };

  static void* work(void* service);
  static void* watch(void* service);
  bool spawn(void* (*body)(void*)) { return spawn(body, this); }
  bool spawn(void* (*body)(void*), void* argument);
  void lead_and_work();
  bool receive(seccomp_notif* call);
  void serve(const seccomp_notif& call);
  void take_note(const seccomp_notif& call) const;
  bool answer_sign(const seccomp_notif& call);
  Preloaded::Next begin(std::list<Job>& mine);
  void watch_jobs();
  std::vector<Look> waiting_jobs(std::chrono::nanoseconds pause);
  void look_at(std::vector<Look>& waiting);
  void wake(const std::vector<Look>& seen);
  static void wake(Job& job, const Look& seen);
  void stop();
  bool is_needed() const;
  [[noreturn]] void go_on();
  void resume(const seccomp_notif& call);
  static void* work_on_resumed(void* resumed);
  void not_possible(const seccomp_notif& call, Call which, const char* why);

  Setup setup_;
  Lead lead_;
  std::atomic<bool> told_{false};
  std::atomic<int> in_hand_{0};  // calls that were received and are not answered
  Callers callers_{setup_.child, setup_.program};
  std::mutex mutex_;
  std::condition_variable some_;
  std::list<Job> jobs_;  // in the order of their beginnings; guarded by mutex_
  Preloaded preloaded_;  // guarded by mutex_
  bool watching_ = false;
  Tracers tracers_;  // of the thread that watches
  std::atomic<bool> stopping_{false};
  int stop_ = -1;                        // an eventfd that wakes the leader
  std::list<seccomp_notif> unfinished_;  // calls that waited; guarded by mutex_
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_SERVICE_H_
