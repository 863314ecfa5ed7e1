// A lock that works between threads and between forked processes, survives the death of its owner,
// and tells a signal handler that the code it interrupted owns it.
//
// Must lie in MAP_SHARED memory to work between processes.
#ifndef ANYSPLICE_CORE_LOCK_H_
#define ANYSPLICE_CORE_LOCK_H_

#include <errno.h>
#include <pthread.h>

namespace anysplice {

class Lock {
 public:
  void init() {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex_, &attr);
    pthread_mutexattr_destroy(&attr);
  }

  // False if this thread has it already: we are in a signal handler that interrupted its owner.
  bool lock() {
    const int error = pthread_mutex_lock(&mutex_);
    // What the dead owner guarded is consistent at every instruction; see Ring.
    if (error == EOWNERDEAD) pthread_mutex_consistent(&mutex_);
    return error == 0 || error == EOWNERDEAD;
  }

  void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_LOCK_H_
