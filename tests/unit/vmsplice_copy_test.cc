// What is in a pipe does not change with the memory that it came from (docs/security.md).
#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "core/calls/engine.h"
#include "core/policy/mode.h"
#include "core/sys/splice_flags.h"
#include "tests/catch.h"

namespace anysplice {

TEST_CASE("memory that is changed after a vmsplice does not change the pipe") {
  const bool rings = GENERATE(true, false);
  const unsigned flags = GENERATE(0u, kSpliceGift);
  CAPTURE(rings, flags);
  set_mode(Mode::kEmulate, ENOSYS);
  allow_rings(rings);
  alignas(4096) static char page[4096];
  std::string before(sizeof(page), 'a');
  before.copy(page, sizeof(page));
  int ends[2];
  REQUIRE(anysplice::pipe(ends) == 0);
  const iovec segment{page, sizeof(page)};
  CHECK(anysplice::vmsplice(ends[1], &segment, 1, flags) == sizeof(page));
  std::string(sizeof(page), 'b').copy(page, sizeof(page));
  std::string after(sizeof(page), 0);
  CHECK(anysplice::read(ends[0], after.data(), after.size()) == sizeof(page));
  CHECK((after == before));  // in parentheses: too much to print
  for (const int end : ends) CHECK(anysplice::close(end) == 0);
  allow_rings(true);
  set_mode(Mode::kAuto, ENOSYS);
}

}  // namespace anysplice
