// kernel_says: moves one byte by each call of the family, and sets up an io_uring, by system calls
// that no library sees (it is linked statically). Prints what the kernel says, a line for each: the
// name, and ok or an error.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

void tell(const char* name, long result) {
  printf("%s %s\n", name, result >= 0 ? "ok" : strerrorname_np(errno));
}

}  // namespace

int main() {
  int from[2], to[2];
  const int file = open("/proc/self/exe", O_RDONLY);
  char byte = 'x';
  const iovec segment = {&byte, 1};
  if (file < 0 || pipe(from) != 0 || pipe(to) != 0 || write(from[1], &byte, 1) != 1) return 1;
  tell("tee", syscall(SYS_tee, from[0], to[1], 1, 0));
  tell("splice", syscall(SYS_splice, file, nullptr, to[1], nullptr, 1, 0));
  tell("vmsplice", syscall(SYS_vmsplice, to[1], &segment, 1, 0));
  tell("sendfile", syscall(SYS_sendfile, to[1], file, nullptr, 1));
  char parameters[128] = {};
  tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, parameters));
  return 0;
}
