// The seam bound to libc by name: for programs that link the engine, and for tests.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sys.h"

namespace anysplice {
namespace {

int fcntl(int fd, int cmd, long arg) { return ::fcntl(fd, cmd, arg); }
int ioctl(int fd, unsigned long request, void* arg) { return ::ioctl(fd, request, arg); }
int open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }
long syscall(long number, long a, long b, long c, long d, long e, long f) {
  return ::syscall(number, a, b, c, d, e, f);
}

}  // namespace

Sys sys_table = {
#define SYS(ret, name, params) .name = name,
#include "core/sys.def"
};

}  // namespace anysplice
