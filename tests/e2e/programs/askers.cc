// askers rights|namespace|socket|limit: a splice for which the kernel asks who makes it. Prints
// what it returned, and errno. Linked statically. Root's.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view how = argv[1];
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "bytes", 5) != 5) return 2;
  int in = ends[0];
  int out = open("out", O_CREAT | O_RDWR | O_TRUNC, 0666);
  if (how == "rights") {
    if (setgroups(0, nullptr) != 0 || setresgid(1000, 1000, 1000) != 0 ||
        setresuid(1000, 1000, 1000) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
      return 2;
    }
  } else if (how == "namespace") {
    if (unshare(CLONE_NEWUTS) != 0 || sethostname("inner", 5) != 0) return 2;
    in = open("/proc/sys/kernel/hostname", O_RDONLY);
    out = ends[1];
  } else if (how == "socket") {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 2;
    out = pair[0];
  } else if (how == "limit") {
    const rlimit limit{3, 3};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  }
  const ssize_t n = splice(in, nullptr, out, nullptr, 5, 0);
  printf("%zd %d\n", n, n < 0 ? errno : 0);
}
