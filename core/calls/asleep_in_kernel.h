// Counts a call of the splice family that the kernel answers, as one that may be asleep on pipes:
// with only some of the calls refused, the engine must make no ring, and hold no byte, beside it.
//
// No system call, and no lock. Async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_ASLEEP_IN_KERNEL_H_
#define ANYSPLICE_CORE_CALLS_ASLEEP_IN_KERNEL_H_

#include <optional>

#include "core/pipe/readers_in_flight.h"
#include "core/pipe/route.h"
#include "core/pipe/sleepers.h"

namespace anysplice {

class AsleepInKernel {
 public:
  void begin(int source, int sink) {
    source_.begin(source);
    if (sink != source) sink_.begin(sink);
  }
  void end() {
    source_.end();
    sink_.end();
  }

 private:
  struct Side {
    void begin(int fd);
    void end() {
      reader_.reset();
      sleeper_.reset();
      in_kernel_.reset();
    }

    std::optional<InKernel> in_kernel_;
    std::optional<Sleeper> sleeper_;
    std::optional<ReaderInFlight> reader_;
  };

  Side source_;
  Side sink_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_ASLEEP_IN_KERNEL_H_
