// A point at which another thread or process may get in between, for tests that try all orders
// (tests/schedules). In every other build it is nothing.
//
// Wait-free and async-signal-safe there too, but for the time that it takes.
#ifndef ANYSPLICE_CORE_HESITATE_H_
#define ANYSPLICE_CORE_HESITATE_H_

namespace anysplice {

#ifdef ANYSPLICE_SCHEDULES
void hesitate();  // the test's
#else
inline void hesitate() {}
#endif

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_HESITATE_H_
