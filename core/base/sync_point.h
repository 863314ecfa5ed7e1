// A point at which another thread or process may get in between, for tests that try all orders
// (tests/schedules). In every other build it is nothing.
//
// Wait-free and async-signal-safe there too, but for the time that it takes.
#ifndef ANYSPLICE_CORE_BASE_SYNC_POINT_H_
#define ANYSPLICE_CORE_BASE_SYNC_POINT_H_

namespace anysplice {

#ifdef ANYSPLICE_SCHEDULES
void sync_point();  // the test's
#else
inline void sync_point() {}
#endif

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_BASE_SYNC_POINT_H_
