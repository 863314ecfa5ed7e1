// Nothing is put off: signals are blocked instead.
#include "core/sys/deferral.h"

namespace anysplice::deferral {

void deliver(const sigset_t*) {}
void become_child() {}
void forget_work() {}

// A handler that leaves by longjmp would leave cancellation disabled.
NoCancellation::NoCancellation() = default;

}  // namespace anysplice::deferral
