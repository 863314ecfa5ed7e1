// syscall(2): the calls that map and unmap memory.
#include "core/sys/sys.h"
#include "shim/hooks.h"
#include "shim/memory_calls.h"
#ifdef ANYSPLICE_HOST_SYSCALL
#include <sys/syscall.h>

namespace anysplice::shim {

long memory_by_number(long number, long a, long b, long c, long d, long e, long f) {
  void* const at = reinterpret_cast<void*>(a);
  const auto size = static_cast<size_t>(b);
  const auto as_word = [&] { return sys->syscall(number, a, b, c, d, e, f); };
  const auto as_int = [&] { return static_cast<int>(as_word()); };
  const auto as_pointer = [&] { return reinterpret_cast<void*>(as_word()); };
  const auto to_word = [](const void* pointer) { return reinterpret_cast<long>(pointer); };
  switch (number) {
    case SYS_munmap:
      return unmapping(at, size, as_int);
#ifdef SYS_mmap2  // where mmap takes a structure, and is not used
    case SYS_mmap2:
#else
    case SYS_mmap:
#endif
      return to_word(mapping(at, size, static_cast<int>(d), as_pointer));
    case SYS_mremap:
      return to_word(remapping(at, size, static_cast<size_t>(c), static_cast<int>(d),
                               reinterpret_cast<void*>(e), as_pointer));
    case SYS_madvise:
      return advising(at, size, static_cast<int>(c), as_int);
#ifdef SYS_remap_file_pages
    case SYS_remap_file_pages:
      return advising(at, size, MADV_DONTNEED, as_int);
#endif
#ifdef SYS_process_madvise
    case SYS_process_madvise:
      return advising_process(reinterpret_cast<const iovec*>(b), static_cast<size_t>(c),
                              static_cast<int>(d), as_word);
#endif
    case SYS_mprotect:
#ifdef SYS_pkey_mprotect
    case SYS_pkey_mprotect:
#endif
      return protecting(at, size, static_cast<int>(c), as_int);
#ifdef SYS_shmat
    case SYS_shmat:
      return to_word(attaching(static_cast<int>(a), reinterpret_cast<void*>(b), static_cast<int>(c),
                               as_pointer));
    case SYS_shmdt:
      return detaching(at, as_int);
#endif
    case SYS_brk:
      return breaking(a != 0 ? at : sbrk(0), as_word);
    default:
      return as_word();
  }
}

}  // namespace anysplice::shim
#endif
