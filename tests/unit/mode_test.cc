#include "core/policy/mode.h"

#include <errno.h>
#include <unistd.h>

#include "core/calls/engine.h"
#include "core/sys/platform.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

// A system that answers one of the family with an errno, while it lives.
template <typename R, typename... A>
struct Refusing {
  inline static int error;
  R (*&entry)(A...);
  R (*kept)(A...);

  Refusing(R (*&call)(A...), int with) : entry(call), kept(call) {
    error = with;
    entry = [](A...) -> R {
      errno = error;
      return -1;
    };
  }
  ~Refusing() { entry = kept; }
};

struct AutoMode {
  AutoMode() { set_mode(Mode::kAuto, ENOSYS); }
  ~AutoMode() { set_mode(Mode::kAuto, ENOSYS); }
};

}  // namespace

TEST_CASE("modes are parsed") {
  Mode mode;
  int error;
  CHECK((parse_mode("auto", &mode, &error) && mode == Mode::kAuto));
  CHECK((parse_mode("emulate", &mode, &error) && mode == Mode::kEmulate));
  CHECK((parse_mode("native", &mode, &error) && mode == Mode::kNative));
  CHECK((parse_mode("absent", &mode, &error) && mode == Mode::kAbsent && error == ENOSYS));
  CHECK((parse_mode("absent=EPERM", &mode, &error) && error == EPERM));
  CHECK((parse_mode("absent=5", &mode, &error) && error == 5));
  CHECK((parse_mode("absent=ENOTSUP", &mode, &error) && error == EOPNOTSUPP));
  CHECK((parse_mode("absent=EWOULDBLOCK", &mode, &error) && error == EAGAIN));
  for (const char* bad : {"", "Auto", "absent=", "absent=EWHAT", "absent=0", "absent=4096",
                          "absent=1x", "absentx", "emulate "}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_mode(bad, &mode, &error));
  }
}

TEST_CASE("auto mode carries a call that is missing, and asks once") {
  AutoMode automatic;
  const int error = GENERATE(ENOSYS, EPERM);
  Refusing refusing(sys_table.tee, error);
  int a[2], b[2];
  REQUIRE(anysplice::pipe2(a, 0) == 0);
  REQUIRE(anysplice::pipe2(b, 0) == 0);
  REQUIRE(anysplice::write(a[1], "abc", 3) == 3);
  CHECK(anysplice::tee(a[0], b[1], 3, 0) == 3);
  CHECK_FALSE(ask_kernel_first(Call::kTee));
  if (!kPosixPlatform) CHECK(ask_kernel_first(Call::kSplice));
  char text[8];
  CHECK(anysplice::read(b[0], text, sizeof(text)) == 3);
  CHECK(anysplice::read(a[0], text, sizeof(text)) == 3);
  for (int fd : {a[0], a[1], b[0], b[1]}) anysplice::close(fd);
}

TEST_CASE("an EPERM that is the file's own is not taken for a missing call") {
  AutoMode automatic;
  // Refuses everything but the empty call that a filter would refuse too.
  struct Sealed {
    static ssize_t splice(int, int64_t*, int, int64_t*, size_t length, unsigned) {
      if (length == 0) return 0;
      errno = EPERM;
      return -1;
    }
  };
  auto* kept = sys_table.splice;
  sys_table.splice = Sealed::splice;
  int p[2];
  REQUIRE(anysplice::pipe2(p, 0) == 0);
  CHECK(anysplice::splice(p[0], nullptr, 1, nullptr, 1, 0) == -1);
  CHECK(errno == EPERM);
  CHECK(ask_kernel_first(Call::kSplice));
  sys_table.splice = kept;
  anysplice::close(p[0]);
  anysplice::close(p[1]);
}

TEST_CASE("absent mode fails with the errno asked for and touches nothing") {
  set_mode(Mode::kAbsent, EPERM);
  int p[2];
  REQUIRE(anysplice::pipe2(p, 0) == 0);
  CHECK(anysplice::splice(p[0], nullptr, 1, nullptr, 1, 0) == -1);
  CHECK(errno == EPERM);
  CHECK(anysplice::sendfile(1, 0, nullptr, 0) == -1);
  CHECK(errno == EPERM);
  anysplice::close(p[0]);
  anysplice::close(p[1]);
  set_mode(Mode::kAuto, ENOSYS);
}

}  // namespace anysplice
