// The front of the four calls of the splice family: what each goes through before its work and
// after it. Somebody may look on (observation.h), the call may be made to go wrong (inject/), and
// the kernel, the engine or nobody answers it (policy/mode.h):
//
//   Front call({...});
//   if (call.asks_kernel() && call.kernel_answers(sys->splice(...))) return call.result();
//   if (call.asks_engine()) call.engine_answers(engine_splice(...));
//   return call.result();
//
// One object is one call, of one thread. Async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_FRONT_H_
#define ANYSPLICE_CORE_CALLS_FRONT_H_

#include <errno.h>

#include "core/base/keep_errno.h"
#include "core/calls/asleep_in_kernel.h"
#include "core/calls/observation.h"
#include "core/inject/inject.h"
#include "core/policy/mode.h"
#include "core/telemetry/counters.h"

namespace anysplice {

class Front {
 public:
  // `length` in bytes; of vmsplice the segments' sum, and only while something may be injected.
  Front(const Asked& asked, size_t length) : asked_(asked), length_(length) {
    if (observers.load(std::memory_order_relaxed) != 0) [[unlikely]] {
      observed_ = true;
      observation_.begin(asked_);
    }
    if (inject::on()) [[unlikely]]
      ask_injection();
    if (!answered_ && mode() == Mode::kAbsent) [[unlikely]] {
      answered_ = true;
      result_ = -1;
      errno = absent_errno();
    }
  }

  // Bytes that the call may move.
  size_t length() const { return length_; }

  // Whether the kernel's own call is to be made now. As long as this object lives it counts as one
  // that may sleep on its pipes.
  bool asks_kernel();
  // Told what came of that; true if it is the program's answer.
  bool kernel_answers(ssize_t n);

  // Whether the engine is to answer. A cancellation point, but for sendfile(2).
  bool asks_engine();
  // Bytes or -errno.
  void engine_answers(ssize_t n);

  // The program's answer, with its errno.
  ssize_t result() {
    if (injected_) [[unlikely]]
      inject::end(asked_.call, account_, result_);
    if (observed_) [[unlikely]]
      observation_.end(asked_, result_, by_);
    return result_;
  }

 private:
  void ask_injection();

  const Asked asked_;
  size_t length_;
  const int kept_errno_ = errno;
  bool observed_ = false;
  bool injected_ = false;
  bool answered_ = false;
  ssize_t result_ = 0;
  AnsweredBy by_ = AnsweredBy::kNobody;
  inject::Account account_;
  AsleepInKernel asleep_;
  Observation observation_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_FRONT_H_
