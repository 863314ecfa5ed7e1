// What the engine tells a listener, and when it does not.
#include "core/telemetry/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include <string>
#include <vector>

#include "core/calls/engine.h"
#include "core/calls/observation.h"
#include "core/memory/user_memory.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

std::vector<std::string> told;
bool failing;
int reentrant_from = -1;

void on_call(const TracedCall* call) {
  errno = 1;
  if (failing) return trace_failed();
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  told.push_back(std::string(call->name) + " " + std::to_string(call->result) + " " + call->by +
                 (sigismember(&blocked, SIGALRM) == 1 ? "" : ", signals open"));
  // What the listener does itself is not told to it.
  if (reentrant_from >= 0) {
    anysplice::splice(reentrant_from, nullptr, reentrant_from, nullptr, 1, 0);
  }
}
void on_settled(int fd, const char* why, size_t bytes) {
  told.push_back("settled " + std::to_string(fd) + " " + why + " " + std::to_string(bytes));
}
void on_missed(uint64_t events) {
  if (failing) return trace_failed();
  told.push_back("missed " + std::to_string(events));
}
constexpr TraceSink kSink = {.call = on_call, .settled = on_settled, .missed = on_missed};

// A listener, for as long as this lives.
struct Listening {
  Listening() {
    set_mode(Mode::kEmulate, 0);
    trace_to(&kSink);
    observers.fetch_or(kTracing);
    trace_missed();  // of other tests
    told.clear();
    REQUIRE(anysplice::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  }
  ~Listening() {
    observers.fetch_and(~static_cast<unsigned>(kTracing));
    failing = false;
    reentrant_from = -1;
    anysplice::close(ends[0]);
    anysplice::close(ends[1]);
    set_mode(Mode::kAuto, 0);
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  int ends[2];
};

using Told = std::vector<std::string>;

TEST_CASE("calls and settled pipes are told", "[trace]") {
  char bytes[] = "bytes";
  if (char copy; copy_from_user(&copy, bytes, 1) != 1) return;  // no ring lasts (qemu-user)
  const Listening listening;
  const iovec iov{bytes, 5};
  errno = 77;
  CHECK(anysplice::vmsplice(listening.ends[1], &iov, 1, 0) == 5);
  CHECK(errno == 77);
  anysplice::expose(listening.ends[0], SettleReason::kOpen);
  CHECK(anysplice::tee(-1, listening.ends[1], 1, 0) == -1);
  CHECK(errno == EBADF);
  CHECK(told == Told{"vmsplice 5 ring", "settled " + std::to_string(listening.ends[0]) + " open 5",
                     "tee -1 copy"});
}

TEST_CASE("what could not be written is told later", "[trace]") {
  const Listening listening;
  failing = true;
  for (int i = 0; i < 3; ++i) anysplice::tee(-1, -1, 1, 0);
  CHECK(told.empty());
  failing = false;
  anysplice::tee(-1, -1, 1, 0);
  CHECK(told == Told{"missed 3", "tee -1 copy"});
}

TEST_CASE("the listener does not hear itself", "[trace]") {
  const Listening listening;
  reentrant_from = listening.ends[0];
  anysplice::tee(-1, -1, 1, 0);
  reentrant_from = -1;
  CHECK(told == Told{"tee -1 copy"});
  trace_missed();
  CHECK(told == Told{"tee -1 copy", "missed 1"});
}

TEST_CASE("before there is a listener, calls are counted", "[trace]") {
  const Listening listening;
  trace_to(nullptr);
  anysplice::tee(-1, -1, 1, 0);
  anysplice::tee(-1, -1, 1, 0);
  trace_to(&kSink);
  anysplice::tee(-1, -1, 1, 0);
  CHECK(told == Told{"missed 2", "tee -1 copy"});
}

}  // namespace
}  // namespace anysplice
