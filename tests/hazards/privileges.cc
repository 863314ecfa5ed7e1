// Who gives up privileges shares no memory with its relatives any more, whatever the call, and
// whether it succeeds.
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <functional>
#include <map>

#include "hazard.h"
#include "tests/scribble.h"

extern "C" {
int capset(cap_user_header_t header, cap_user_data_t data);
int pivot_root(const char* root, const char* old);
}

using namespace hazard;

namespace {

constexpr uid_t kNobody = 65534;
using Ways = std::map<std::string, std::function<void()>>;

// In a child, after bytes of a pipe that it has were looked at; so there is something to share.
void each(const Ways& ways) {
  const Pipe pipe, copy;
  put(pipe.w, "abc");
  CHECK_EQ(tee(pipe.r, copy.w, 3, 0), 3);
  for (const auto& [name, give_up] : ways) {
    finish(start([&] {
      give_up();
      const size_t left = shared_mappings().size();
      if (left != 0) fail(__FILE__, __LINE__, name + " leaves " + std::to_string(left));
      // The bytes are there, and this process can go on.
      const Pipe own;
      put(own.w, "own");
      CHECK_EQ(tee(own.r, copy.w, 3, 0), 3);
      CHECK_EQ(take(own.r, 3), "own");
      CHECK_EQ(take(copy.r, 6), "abcown");
      CHECK_EQ(take(pipe.r, 3), "abc");
      put(pipe.w, "abc");
      put(copy.w, "abc");
    }));
  }
  CHECK_EQ(take(pipe.r, 3), "abc");
}

void control(int operation, unsigned long value) { prctl(operation, value, 0, 0, 0); }

void number(long call, long a = 0, long b = 0, long c = 0) { syscall(call, a, b, c); }

}  // namespace

HAZARD(given_up_by_name) {
  if (geteuid() != 0) skip("needs root");
  each({
      {"setuid", [] { CHECK_EQ(setuid(kNobody), 0); }},
      {"seteuid", [] { CHECK_EQ(seteuid(kNobody), 0); }},
      {"setfsuid", [] { setfsuid(kNobody); }},
      {"setfsgid", [] { setfsgid(kNobody); }},
      {"setgid", [] { CHECK_EQ(setgid(kNobody), 0); }},
      {"setegid", [] { CHECK_EQ(setegid(kNobody), 0); }},
      {"setreuid", [] { CHECK_EQ(setreuid(kNobody, kNobody), 0); }},
      {"setregid", [] { CHECK_EQ(setregid(kNobody, kNobody), 0); }},
      {"setresuid", [] { CHECK_EQ(setresuid(kNobody, kNobody, kNobody), 0); }},
      {"setresgid", [] { CHECK_EQ(setresgid(kNobody, kNobody, kNobody), 0); }},
      {"setgroups", [] { CHECK_EQ(setgroups(0, nullptr), 0); }},
      {"initgroups", [] { initgroups("nobody", kNobody); }},
      {"capset",
       [] {
         __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
         __user_cap_data_struct none[2] = {};
         CHECK_EQ(capset(&header, none), 0);
       }},
      {"chroot", [] { CHECK_FAILS(chroot("nowhere"), ENOENT); }},
      {"pivot_root", [] { CHECK_EQ(pivot_root("nowhere", "nowhere"), -1); }},
      {"unshare", [] { unshare(CLONE_NEWUTS); }},
      {"setns", [] { CHECK_FAILS(setns(-1, 0), EBADF); }},
      {"NO_NEW_PRIVS", [] { CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0); }},
      {"SECCOMP", [] { control(PR_SET_SECCOMP, 99); }},
      {"KEEPCAPS", [] { control(PR_SET_KEEPCAPS, 1); }},
      {"SECUREBITS", [] { control(PR_SET_SECUREBITS, 0); }},
      {"CAPBSET_DROP", [] { control(PR_CAPBSET_DROP, CAP_NET_RAW); }},
      {"CAP_AMBIENT", [] { control(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL); }},
      {"DUMPABLE", [] { control(PR_SET_DUMPABLE, 1); }},
  });
}

HAZARD(given_up_by_number) {
  if (geteuid() != 0) skip("needs root");
  each({
      {"setuid", [] { number(SYS_setuid, kNobody); }},
      {"setfsuid", [] { number(SYS_setfsuid, kNobody); }},
      {"setgid", [] { number(SYS_setgid, kNobody); }},
      {"setfsgid", [] { number(SYS_setfsgid, kNobody); }},
      {"setreuid", [] { number(SYS_setreuid, kNobody, kNobody); }},
      {"setregid", [] { number(SYS_setregid, kNobody, kNobody); }},
      {"setresuid", [] { number(SYS_setresuid, kNobody, kNobody, kNobody); }},
      {"setresgid", [] { number(SYS_setresgid, kNobody, kNobody, kNobody); }},
      {"setgroups", [] { number(SYS_setgroups); }},
      {"capset", [] { number(SYS_capset); }},
      {"chroot", [] { number(SYS_chroot, reinterpret_cast<long>("nowhere")); }},
      {"pivot_root", [] { number(SYS_pivot_root); }},
      {"unshare", [] { number(SYS_unshare, CLONE_NEWUTS); }},
      {"setns", [] { number(SYS_setns, -1); }},
      {"prctl", [] { number(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1); }},
      {"seccomp", [] { number(SYS_seccomp, SECCOMP_SET_MODE_FILTER); }},
#ifdef SYS_landlock_restrict_self
      {"Landlock", [] { number(SYS_landlock_restrict_self, -1); }},
#endif
  });
}

// A child that starts in a namespace of its own.
HAZARD(given_up_by_clone) {
  if (geteuid() != 0) skip("needs root");
  const Pipe pipe, copy;
  put(pipe.w, "abc");
  CHECK_EQ(tee(pipe.r, copy.w, 3, 0), 3);
  alignas(16) static char stack[256 << 10];
  const auto child = [](void*) { return static_cast<int>(shared_mappings().size()); };
  const pid_t cloned = clone(child, stack + sizeof(stack), CLONE_NEWUSER | SIGCHLD, nullptr);
  if (cloned < 0) skip("namespaces are refused here");
  finish(cloned);
  const pid_t made = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  if (made == 0) _exit(child(nullptr));
  finish(made);
}

// Afterwards this process may not open the pipe to put them back.
HAZARD(bytes_held_before) {
  if (geteuid() != 0) skip("needs root");
  const Pipe pipe, go;
  put(pipe.w, "abcdef");
  const pid_t child = start([&] {
    CHECK_EQ(close(pipe.w), 0);
    CHECK_EQ(take(go.r, 1), "!");
    const Pipe copy;
    CHECK_EQ(tee(pipe.r, copy.w, 6, 0), 6);
    CHECK_EQ(setresuid(kNobody, kNobody, kNobody), 0);
    finish(start([&] { CHECK_EQ(take(pipe.r, 3), "abc"); }));
    CHECK_EQ(take(pipe.r, 3), "def");
    CHECK_EQ(take(copy.r, 6), "abcdef");
  });
  CHECK_EQ(close(pipe.r), 0);
  put(go.w, "!");
  finish(child);
}
