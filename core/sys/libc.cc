// The seam bound to libc by name: for programs that link the engine, and for tests.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/sys/platform.h"
#include "core/sys/sys.h"
#if defined(ANYSPLICE_HOST_BY_NUMBER) || defined(ANYSPLICE_HOST_OLDER_GLIBC)
#include "core/sys/linux/by_number.h"
#endif
#ifndef ANYSPLICE_POSIX
#include <sys/sendfile.h>
#endif

namespace anysplice {
namespace {

int fcntl(int fd, int cmd, long arg) { return ::fcntl(fd, cmd, arg); }
int ioctl(int fd, unsigned long request, void* arg) { return ::ioctl(fd, request, arg); }
int open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }
#ifdef ANYSPLICE_HOST_SYSCALL
long syscall(long number, long a, long b, long c, long d, long e, long f) {
  return ::syscall(number, a, b, c, d, e, f);
}
#endif

#ifdef ANYSPLICE_POSIX
template <typename Signature>
struct Absent;

template <typename R, typename... A>
struct Absent<R(A...)> {
  static R call(A...) {
    errno = ENOSYS;
    return -1;
  }
};
#define SYS_NATIVE(ret, name, params) .name = Absent<ret params>::call,
#elif defined(ANYSPLICE_HOST_BY_NUMBER)
#define SYS_NATIVE(ret, name, params) .name = by_number::name,
#endif
#ifdef ANYSPLICE_HOST_OLDER_GLIBC
void closefrom(int first) { by_number::close_range(static_cast<unsigned>(first), ~0U, 0); }
#endif
#if defined(ANYSPLICE_HOST_BY_NUMBER) || defined(ANYSPLICE_HOST_OLDER_GLIBC)
#define SYS_NUMBERED(ret, name, name64, params) .name = by_number::name,
#ifndef ANYSPLICE_POSIX
#define SYS_NATIVE_NUMBERED(ret, name, params) .name = by_number::name,
#endif
#endif

}  // namespace

#ifdef ANYSPLICE_POSIX
const bool kPosixPlatform = true;
#else
const bool kPosixPlatform = false;
#endif

Sys sys_table = {
#define SYS(ret, name, params) .name = name,
#include "core/sys/calls.def"
};

}  // namespace anysplice
