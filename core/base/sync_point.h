// Marks a point at which another thread or process may come in between. The tests of schedules
// (tests/schedules) pause there; in every other build it does nothing.
//
// Thread-safe and async-signal-safe; wait-free, except that the test's version takes time.
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
