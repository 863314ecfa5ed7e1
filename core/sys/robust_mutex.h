// Mutexes that survive the death of their owner (POSIX.1-2008), where the system has them.
#ifndef ANYSPLICE_CORE_SYS_ROBUST_MUTEX_H_
#define ANYSPLICE_CORE_SYS_ROBUST_MUTEX_H_

#include <pthread.h>

namespace anysplice {

// macOS has none (pthread_mutexattr_init(3)): when a process dies with such a mutex, the next use
// of that pipe by a related process blocks.
#if defined(__APPLE__)
inline void make_robust(pthread_mutexattr_t*) {}
inline void make_consistent(pthread_mutex_t*) {}
#else
inline void make_robust(pthread_mutexattr_t* attributes) {
  pthread_mutexattr_setrobust(attributes, PTHREAD_MUTEX_ROBUST);
}
inline void make_consistent(pthread_mutex_t* mutex) { pthread_mutex_consistent(mutex); }
#endif

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_ROBUST_MUTEX_H_
