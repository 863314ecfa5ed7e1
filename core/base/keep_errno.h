// errno as the program left it: for what the engine does besides answering a call.
//
// Of the calling thread only; async-signal-safe.
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

// Ends a call with an engine's answer: bytes, or -errno. kept was errno at its start.
inline long answer(long result, int kept) {
  errno = result < 0 ? static_cast<int>(-result) : kept;
  return result < 0 ? -1 : result;
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_BASE_KEEP_ERRNO_H_
