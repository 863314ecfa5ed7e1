// The calls that map and unmap memory, as rows of the table and by number: `real` makes the call.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_SHIM_MEMORY_CALLS_H_
#define ANYSPLICE_SHIM_MEMORY_CALLS_H_

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

#include "core/calls/losing_memory.h"
#include "core/policy/mode.h"
#include "core/sys/memory.h"

namespace anysplice::shim {

// Calls that fail may have taken the memory away before: kept is what they surely left alone.
inline bool odd(const void* at) { return reinterpret_cast<uintptr_t>(at) % system_page() != 0; }

template <typename Real>
void* mapping(void* at, size_t size, int flags, Real real) {
  LosingMemory losing(at, (flags & MAP_FIXED) != 0 ? size : 0);
  void* const mapped = real();
  if (mapped == MAP_FAILED) {
    const bool kept = errno == EBADF || errno == EACCES || (errno == EINVAL && odd(at));
    losing.gone_if(!kept);
    if ((flags & MAP_FIXED) != 0 && !kept) lasting_memory::remove(at, size);
    return mapped;
  }
  losing.gone();
  lasting_memory::losing(mapped, size);
  // The pages of a file go away unseen when somebody cuts it.
  if ((flags & MAP_ANONYMOUS) != 0) {
    lasting_memory::add(mapped, size);
  } else {
    lasting_memory::remove(mapped, size);
  }
  return mapped;
}

template <typename Real>
int unmapping(void* at, size_t size, Real real) {
  LosingMemory losing(at, size);
  // First forgotten: what another thread maps there at once is not this.
  const bool known = lasting_memory::remove(at, size);
  const int error = real();
  if (error != 0 && known) lasting_memory::add(at, size);
  losing.gone_if(error == 0);
  return error;
}

#ifdef MREMAP_MAYMOVE
template <typename Real>
void* remapping(void* at, size_t size, size_t new_size, int flags, void* to, Real real) {
  const bool fixed = (flags & MREMAP_FIXED) != 0;
  const bool known = lasting_memory::size_of(at) != 0;
  LosingMemory moving(at, size);
  LosingMemory losing(to, fixed ? new_size : 0);
  void* const mapped = real();
  if (mapped == MAP_FAILED) {
    if (!fixed || (errno == EINVAL && (odd(at) || odd(to) || new_size == 0))) {
      moving.kept();
      losing.kept();
      return mapped;
    }
    // The target is gone perhaps, and what is to go of the old mapping.
    const size_t left = std::min(size, new_size);
    moving.moved({at, left});
    losing.gone();
    lasting_memory::remove(to, new_size);
    if (left < size) lasting_memory::remove(static_cast<char*>(at) + left, size - left);
    return mapped;
  }
  losing.gone();
  moving.moved({mapped, new_size});
  lasting_memory::losing(mapped, new_size);
  // Of a private mapping of size 0 there is nothing to move; of a shared one it is a second.
  if (size > 0) lasting_memory::remove(at, size);
  if (known) {
    lasting_memory::add(mapped, new_size);
  } else if (fixed) {
    lasting_memory::remove(mapped, new_size);
  }
  return mapped;
}
#endif

// Whether advice takes the memory's contents away.
inline bool discards(int advice) {
  switch (advice) {
    case MADV_DONTNEED:
#ifdef MADV_FREE
    case MADV_FREE:
#endif
#ifdef MADV_REMOVE
    case MADV_REMOVE:
#endif
    case 24:   // MADV_DONTNEED_LOCKED, since Linux 5.18
    case 102:  // MADV_GUARD_INSTALL, since Linux 6.13
      return true;
    default:
      return false;
  }
}

// Of any process, this one perhaps: only its own memory may a process discard. What the call did
// before it failed over a hole is done.
template <typename Real>
ssize_t advising_process(const iovec* segments, size_t count, int advice, Real real) {
  LosingMemory losing(nullptr, discards(advice) ? SIZE_MAX : 0);
  const ssize_t done = real();
  if (done >= 0 || errno == ENOMEM) {
    losing.gone_in(segments, count);
  } else {
    losing.kept();
  }
  return done;
}

template <typename Real>
int advising(void* at, size_t size, int advice, Real real) {
  LosingMemory losing(at, discards(advice) ? size : 0);
#ifdef MADV_DONTFORK
  if (advice == MADV_DONTFORK) lasting_memory::losing(at, size);  // in the child
#endif
  const int error = real();
  // After a failure (a hole, locked memory) what was before it is discarded.
  losing.gone_if(error == 0 || !odd(at));
  return error;
}

// What cannot be read any more is as it was when it could.
template <typename Real>
int protecting(void* at, size_t size, int protection, Real real) {
  LosingMemory losing(at, (protection & PROT_READ) == 0 ? size : 0);
  const int error = real();
  losing.kept();
  return error;
}

#ifndef __APPLE__  // whose break nobody uses
template <typename Real>
auto breaking(const void* end, Real real) {
  const auto now = static_cast<char*>(sbrk(0));
  LosingMemory losing(end,
                      end < now ? static_cast<size_t>(now - static_cast<const char*>(end)) : 0);
  const auto answer = real();
  losing.gone();
  return answer;
}
#endif

inline size_t segment_size(int id) {
  shmid_ds about;
  return shmctl(id, IPC_STAT, &about) == 0 ? about.shm_segsz : 0;
}

template <typename Real>
void* attaching(int id, const void* at, int flags, Real real) {
  // Where the kernel carries, not a call more.
  const bool wanted = engine_may_answer() && vmsplice_refers();
  const size_t size = wanted ? segment_size(id) : 0;
#ifdef SHM_REMAP
  LosingMemory losing(at, (flags & SHM_REMAP) != 0 ? size : 0);
#endif
  void* const attached = real();
  const bool done = attached != MAP_FAILED;
#ifdef SHM_REMAP
  losing.gone_if(done);
#endif
  if (done) {
    lasting_memory::losing(attached, size);
    lasting_memory::add(attached, size);
  }
  return attached;
}

template <typename Real>
int detaching(const void* at, Real real) {
  const size_t size = lasting_memory::size_of(at);
  return unmapping(const_cast<void*>(at), size, real);
}

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_MEMORY_CALLS_H_
