// What the process of a case tells the process that watches it, in memory they share.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_LOG_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_LOG_H_

#include <stdint.h>

#include <atomic>

namespace oracle {

struct Log {
  static constexpr uint32_t kRoom = 1 << 20;

  std::atomic<uint32_t> serial;    // odd: inside a call under test
  std::atomic<uint32_t> scripted;  // a release is to come: the watcher must be patient
  std::atomic<uint32_t> used;      // one bit per call of the family that was made
  std::atomic<uint32_t> skipped;   // the machine cannot do this case
  std::atomic<uint32_t> length;
  char text[kRoom];

  void clear() { serial = scripted = used = skipped = length = 0; }
};

// The state letter of a task as /proc tells it ('S' is asleep); '?' if there is no such task.
char state_of(int pid, int tid);

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_LOG_H_
