// What older versions of glibc lack by name, though their kernel has it: fstat and stat
// (before 2.33, inline functions of another name), close_range (2.34), copy_file_range (2.27),
// preadv2 and pwritev2 (2.26).
//
// Thread-safe and async-signal-safe, as the calls are.
#ifndef ANYSPLICE_SHIM_OLDER_LIBC_H_
#define ANYSPLICE_SHIM_OLDER_LIBC_H_

#include <string.h>

#if defined(__linux__) && defined(__GLIBC__) && defined(__LP64__)
#include <fcntl.h>
#include <sys/stat.h>

#include "core/sys/linux/by_number.h"

namespace anysplice::shim {

// With words of 64 bits the kernel fills glibc's struct stat.
inline int fstat_by_number(int fd, struct stat* st) {
  return static_cast<int>(sys->syscall(SYS_fstat, fd, by_number::word(st), 0, 0, 0, 0));
}
inline int stat_by_number(const char* path, struct stat* st) {
  return static_cast<int>(
      sys->syscall(SYS_newfstatat, AT_FDCWD, by_number::word(path), by_number::word(st), 0, 0, 0));
}

// The function for a name that no library has; null if it is none of these.
inline void* instead_of(const char* name) {
  if (strcmp(name, "fstat") == 0) return reinterpret_cast<void*>(fstat_by_number);
  if (strcmp(name, "stat") == 0) return reinterpret_cast<void*>(stat_by_number);
  if (strcmp(name, "close_range") == 0) return reinterpret_cast<void*>(by_number::close_range);
  if (strcmp(name, "copy_file_range") == 0) {
    return reinterpret_cast<void*>(by_number::copy_file_range);
  }
  if (strcmp(name, "preadv2") == 0) return reinterpret_cast<void*>(by_number::preadv2);
  if (strcmp(name, "pwritev2") == 0) return reinterpret_cast<void*>(by_number::pwritev2);
  return nullptr;
}

}  // namespace anysplice::shim
#else
namespace anysplice::shim {

inline void* instead_of(const char*) { return nullptr; }

}  // namespace anysplice::shim
#endif

#endif  // ANYSPLICE_SHIM_OLDER_LIBC_H_
