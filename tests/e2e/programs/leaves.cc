// leaves: calls splice for ever, which a handler leaves by siglongjmp every millisecond, and says
// which error it gave whenever that is another one than before. Ends after so many seconds.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

sigjmp_buf away;
volatile sig_atomic_t inside;

void leave(int) {
  if (inside != 0) siglongjmp(away, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const int file = open("/etc/passwd", O_RDONLY);
  static const time_t end = time(nullptr) + (argc > 1 ? atoi(argv[1]) : 1);
  static int last = 0;
  setbuf(stdout, nullptr);
  signal(SIGALRM, leave);
  const itimerval often{{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &often, nullptr);
  sigsetjmp(away, 1);
  inside = 0;
  while (time(nullptr) < end) {
    off_t at = 0;
    errno = 0;
    inside = 1;
    const ssize_t n = splice(file, &at, -1, nullptr, 10, 0);
    const int error = errno;
    inside = 0;
    if (n < 0 && error != last && error != EINTR) printf("%s\n", strerrorname_np(last = error));
  }
  return 0;
}
