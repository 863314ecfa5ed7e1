// What the moments have in common at which pipes become visible to somebody who does not go through
// the engine (the calls themselves are in engine.h).
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_EXPOSURE_H_
#define ANYSPLICE_CORE_CALLS_EXPOSURE_H_

#include "core/telemetry/settle_reason.h"

namespace anysplice {

// Settles all rings, and has all candidates stay with the kernel.
void settle_rings(SettleReason reason);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_EXPOSURE_H_
