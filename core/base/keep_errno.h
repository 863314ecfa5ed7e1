// Restores errno at the end of a scope: for work of the engine that must not change it.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_BASE_KEEP_ERRNO_H_
#define ANYSPLICE_CORE_BASE_KEEP_ERRNO_H_

#include <errno.h>

namespace anysplice {

class KeepErrno {
 public:
  KeepErrno() : kept_(errno) {}
  ~KeepErrno() { errno = kept_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  int kept_;
};

// Turns the engine's answer (bytes, or -errno) into that of libc. `kept` was errno at the start of
// the call, and is restored on success.
inline long answer(long result, int kept) {
  errno = result < 0 ? static_cast<int>(-result) : kept;
  return result < 0 ? -1 : result;
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_BASE_KEEP_ERRNO_H_
