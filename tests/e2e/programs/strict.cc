// strict: a child that may only read, write and exit (seccomp(2), strict mode) reads a pipe that
// was teed to before. Prints what it read.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main() {
  int from[2], to[2];
  if (pipe(from) != 0 || pipe(to) != 0 || write(from[1], "ab\n", 3) != 3) return 2;
  if (tee(from[0], to[1], 3, 0) != 3) return 3;
  const pid_t child = fork();
  if (child == 0) {
    char bytes[8];
    long status = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0;
    if (status == 0) {
      const ssize_t n = read(to[0], bytes, sizeof(bytes));
      status = n != 3 || write(1, bytes, 3) != 3 || read(from[0], bytes, sizeof(bytes)) != 3;
    }
    syscall(SYS_exit, status);
  }
  int status;
  return waitpid(child, &status, 0) == child ? status : 4;
}
