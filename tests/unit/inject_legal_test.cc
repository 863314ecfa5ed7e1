#include <errno.h>

#include "core/inject/legal.h"
#include "tests/catch.h"

namespace anysplice::inject {
namespace {

Situation situation(Call call, Kinds in, Kinds out) {
  return {.call = call, .in = in, .out = out, .length = 100, .valid = true, .sleeps = true};
}

TEST_CASE("what a kernel may answer", "[inject]") {
  const Situation into = situation(Call::kSplice, kFile, kPipe);
  const Situation out = situation(Call::kSplice, kPipe, kFile);
  const Situation tee = situation(Call::kTee, kPipe, kPipe);
  CHECK(may_fail(into, EINTR));
  CHECK_FALSE(may_fail(into, EAGAIN));
  CHECK(may_fail(into, EIO));
  CHECK_FALSE(may_fail(into, ENOSPC));
  CHECK(may_fail(out, ENOSPC));
  CHECK_FALSE(may_fail(tee, EIO));
  CHECK_FALSE(may_fail(into, EBADF));
  CHECK(may_shorten(into));

  Situation refusing = into;
  refusing.sleeps = false;
  refusing.refuses = true;
  CHECK(may_fail(refusing, EAGAIN));
  CHECK_FALSE(may_fail(refusing, EINTR));

  // A missing call looks at nothing; any other error comes after those of the arguments.
  Situation wrong = into;
  wrong.valid = false;
  CHECK(may_fail(wrong, ENOSYS));
  CHECK_FALSE(may_fail(wrong, ENOMEM));
  CHECK_FALSE(may_shorten(wrong));

  Situation none = into;
  none.length = 0;
  CHECK(may_fail(none, EPERM));
  CHECK_FALSE(may_fail(none, EINVAL));

  Situation one = into;
  one.length = 1;
  CHECK_FALSE(may_shorten(one));
  Situation message = out;
  message.whole = true;
  CHECK_FALSE(may_shorten(message));
}

}  // namespace
}  // namespace anysplice::inject
