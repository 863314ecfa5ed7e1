// A kernel that is wrong: tee with an unknown flag gives ENOSYS, or never comes back.
//
// usage: lies answer|hang PROGRAM [ARGUMENT]...
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const bool hang = strcmp(argv[1], "hang") == 0;
  constexpr unsigned kFlags = offsetof(seccomp_data, args[3]);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tee, 0, 3),
      // The low half, which comes first where this test runs.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFlags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x10, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, hang ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 2;
  // Whoever has the descriptor would answer; nobody does.
  const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                hang ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
  if (listener < 0) {
    perror("seccomp");
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}
