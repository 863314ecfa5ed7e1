// Which of the threads that carry out calls waits for the next one. To pass that on costs a change
// of thread for each call, so who has it goes on with it where that cannot make others wait.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_

#include <sys/types.h>

#include <atomic>
#include <mutex>

namespace anysplice::tools {

class Lead {
 public:
  // Waits until it is this thread's.
  void take();
  // How many threads wait for that.
  int followers() const { return followers_; }

  // The thread that has the lead got a call of this caller. `alone`: no other call is under way.
  // Gives the lead up if others call too: then their calls are carried out at the same time.
  void got_call_of(pid_t caller, bool alone);

  // Gives up what lead this thread has, if any. It is to be called before anything that may wait.
  static void give_up();
  static bool is_mine();

  // Has the engine's calls that may wait call give_up() first. To be called once, before there are
  // threads.
  static void give_up_before_engine_waits();

 private:
  std::mutex mutex_;
  std::atomic<int> followers_{0};
  pid_t last_ = 0;  // caller; this and the next are of whoever has the lead
  int in_a_row_ = 0;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_
