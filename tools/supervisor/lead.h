// Which of the threads that carry out calls waits for the next one. To pass that on costs a change
// of thread for each call, so who has it goes on with it where that cannot make others wait. It
// is not known of every call of the system's whether it waits: any that takes a lock of a pipe or a
// socket does, while somebody's write to that sleeps over a page which a user's handler has to
// bring (userfaultfd(2)), and that may take a call of the handler's. So the lead can be taken away.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_

#include <semaphore.h>
#include <stdint.h>
#include <sys/types.h>

#include <atomic>

namespace anysplice::tools {

class Lead {
 public:
  Lead() { sem_init(&free_, 0, 1); }
  Lead(const Lead&) = delete;
  Lead& operator=(const Lead&) = delete;

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

  // What the lead is known by that this thread has, or 0; with that others take it away from it, if
  // it still has it.
  static uint64_t mine();
  void take_away(uint64_t turn);

  // Has the engine's calls that may wait, for others than files, call give_up() first. To be called
  // once, before there are threads.
  static void give_up_before_engine_waits();

 private:
  sem_t free_;
  std::atomic<uint64_t> turn_{0};  // of whoever has the lead; 0: nobody
  std::atomic<int> followers_{0};
  uint64_t turns_ = 0;  // this and the next are of whoever has the lead
  pid_t last_ = 0;      // caller
  int in_a_row_ = 0;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_LEAD_H_
