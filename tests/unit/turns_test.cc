// Turns of related processes whose owner was killed.
#include "core/pipe/turns.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/catch.h"

namespace turns = anysplice::turns;

namespace {

constexpr anysplice::PipeKey kKey = 7;
constexpr int kOwners = 12;  // more than there may be vain waits

// A child that is killed in its turn. Half of them nobody has waited for when the next one comes.
void lose_an_owner(bool waited_for) {
  const pid_t owner = fork();
  if (owner == 0) {
    turns::forget_threads();
    turns::enter(kKey);
    raise(SIGKILL);
  }
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(owner), &info, WEXITED | (waited_for ? 0 : WNOWAIT));
}

}  // namespace

TEST_CASE("owners of turns that were killed are no vain waits") {
  const pid_t parent = fork();  // what is shared stays so
  if (parent == 0) {
    turns::share_with_children();
    for (int i = 0; i < kOwners; ++i) {
      lose_an_owner(i % 2 == 0);
      turns::exit(kKey, turns::enter(kKey));
    }
    _exit(turns::shared() ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(parent, &status, 0) == parent);
  REQUIRE(status == 0);
}
