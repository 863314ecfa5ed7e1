// A program with more rights than its user takes nothing from the environment. Linked with the
// shared object, because the loader drops the preload of such a program.
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr uid_t kNobody = 65534;
constexpr int kNotSecure = 3;

void copy_self(const char* to, mode_t mode) {
  const int in = open("/proc/self/exe", O_RDONLY);
  const int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  CHECK(in >= 0 && out >= 0);
  for (std::string bytes; !(bytes = take(in, 1 << 16)).empty();) put(out, bytes);
  CHECK_EQ(fchmod(out, mode), 0);
  close(out);
}

// Runs the copy as nobody, with an environment that makes splice fail and asks for counters and,
// in a file that only root can write to, a trace.
int status_of(const char* program, const char* role, bool trace) {
  int status = 0;
  const pid_t child = start([&] {
    setenv("ANYSPLICE_MODE", "absent=EILSEQ", 1);
    setenv("ANYSPLICE_STATS", "stats", 1);
    if (trace) setenv("ANYSPLICE_TRACE", "trace", 1);
    CHECK_EQ(setgid(kNobody), 0);
    CHECK_EQ(setuid(kNobody), 0);
    execl(program, program, role, nullptr);
    fail(__FILE__, __LINE__, "exec");
  });
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

ROLE(with_the_users_rights) {
  const Pipe a, b;
  put(a.w, "x");
  CHECK_FAILS(tee(a.r, b.w, 1, 0), EILSEQ);
}

ROLE(with_more_rights) {
  if (getauxval(AT_SECURE) == 0) _exit(kNotSecure);
  const Pipe a, b;
  put(a.w, "x");
  CHECK_EQ(tee(a.r, b.w, 1, 0), 1);
}

HAZARD(environment_is_ignored) {
  if (getuid() != 0) skip("needs root to make a set-uid program");
  CHECK_EQ(chmod(".", 0755), 0);
  const int stats = open("stats", O_RDWR | O_CREAT, 0600);
  CHECK_EQ(ftruncate(stats, 65536), 0);
  const int trace = open("trace", O_RDWR | O_CREAT, 0600);
  copy_self("plain", 0755);
  copy_self("secure", 04755);
  const int plain = status_of("./plain", "@with_the_users_rights", false);
  if (plain == 127) skip("nobody cannot read the library");
  CHECK_EQ(plain, 0);
  const int secure = status_of("./secure", "@with_more_rights", true);
  if (secure == kNotSecure) skip("set-uid has no effect here");
  CHECK_EQ(secure, 0);
  CHECK_EQ(take(stats, 65536), std::string(65536, '\0'));
  CHECK_EQ(take(trace, 1), "");
}
