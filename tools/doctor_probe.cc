// Tries every call on every kind of descriptor, on the kernel and on the engine. Each attempt is
// made by a child with an alarm, so that nothing it does can hold up or harm the report.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/telemetry/counters.h"
#include "tools/block.h"
#include "tools/call_table.h"
#include "tools/doctor.h"
#include "tools/doctor_fixture.h"
#include "tools/refused_calls.h"

namespace anysplice::tools {
namespace {

constexpr unsigned kSeconds = 3;
constexpr int kPollMilliseconds = 1000;

CallSet refused;  // as the command would tell the library

// What the child tells its parent.
struct Answer {
  bool tried;
  bool done;
  ssize_t moved;
  int error;
  bool by_engine;
};

ssize_t make_call(const CallTable& by, Call call, Direction direction, int fd) {
  const bool from = direction == kFrom;
  const unsigned flags = SPLICE_F_NONBLOCK;
  char memory[kProbeBytes];
  const iovec segment = {from ? memory : const_cast<char*>(kProbeData), kProbeBytes};
  switch (call) {
    case Call::kSplice:
      if (from) return by.splice(fd, nullptr, make_pipe().to, nullptr, kProbeBytes, flags);
      return by.splice(make_pipe().from, nullptr, fd, nullptr, kProbeBytes, flags);
    case Call::kTee:
      if (from) return by.tee(fd, make_pipe().to, kProbeBytes, flags);
      return by.tee(make_pipe().from, fd, kProbeBytes, flags);
    case Call::kVmsplice:
      return by.vmsplice(fd, &segment, 1, flags);
    case Call::kSendfile:
      if (from) return by.sendfile(make_unix_stream().to, fd, nullptr, kProbeBytes);
      return by.sendfile(fd, make_regular_file().from, nullptr, kProbeBytes);
    case Call::kCopyFileRange:
      if (from) {
        return by.copy_file_range(fd, nullptr, make_regular_file().to, nullptr, kProbeBytes, 0);
      }
      return by.copy_file_range(make_regular_file().from, nullptr, fd, nullptr, kProbeBytes, 0);
  }
  return -1;
}

void answer_in_child(const Kind& kind, Call call, Direction direction, const CallTable& by,
                     Answer* answer) {
  const Fixture fixture = kind.make();
  const int fd = direction == kFrom ? fixture.from : fixture.to;
  if (fd < 0) return;
  answer->tried = true;
  if (direction == kFrom) {
    pollfd ready = {fd, POLLIN, 0};
    ::poll(&ready, 1, kPollMilliseconds);
  }
  set_mode(Mode::kAuto, ENOSYS);
  for (size_t i = 0; i < kCalls; ++i) {
    if (refused.test(i)) note_refused(static_cast<Call>(i));
  }
  const CallCounters& counters = stats->call[static_cast<size_t>(call)];
  errno = 0;
  answer->moved = make_call(by, call, direction, fd);
  answer->error = errno;
  answer->by_engine = counters.engine_bytes.load() > 0;
  answer->done = true;
}

Attempt judge(const Answer& answer, int wait_status) {
  Attempt attempt;
  if (WIFSIGNALED(wait_status)) {
    const int by = WTERMSIG(wait_status);
    attempt.outcome = by == SIGALRM  ? Attempt::Outcome::kHangs
                      : by == SIGSYS ? Attempt::Outcome::kKilled
                                     : Attempt::Outcome::kCrashes;
  } else if (answer.done && answer.moved > 0) {
    attempt.outcome = Attempt::Outcome::kWorks;
    attempt.by_engine = answer.by_engine;
  } else if (answer.done) {
    // Success that moves nothing is no success: there was something to move.
    attempt.outcome = Attempt::Outcome::kFails;
    attempt.error = answer.moved < 0 ? answer.error : 0;
  }
  return attempt;
}

Attempt try_call(const Kind& kind, Call call, Direction direction, const CallTable& by) {
  void* memory =
      mmap(nullptr, sizeof(Answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {};
  auto* answer = static_cast<Answer*>(memory);
  Attempt attempt;
  const pid_t child = ::fork();
  if (child == 0) {
    signal(SIGALRM, SIG_DFL);
    alarm(kSeconds);
    answer_in_child(kind, call, direction, by, answer);
    _exit(0);
  }
  int status = 0;
  if (child > 0 && TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) == child) {
    attempt = judge(*answer, status);
  }
  munmap(memory, sizeof(Answer));
  return attempt;
}

}  // namespace

Report examine() {
  signal(SIGCHLD, SIG_DFL);  // if ignored, no child could be waited for
  Report report;
  report.system = examine_system();
  if (const auto calls = parse_calls(refused_calls()); calls.ok()) refused = *calls;
  for (const Kind& kind : kinds()) {
    Row row;
    row.kind = kind.name;
    for (size_t call = 0; call < kCalls; ++call) {
      for (const Direction direction : {kFrom, kTo}) {
        Cell& cell = row.cells[call][direction];
        cell.kernel = try_call(kind, static_cast<Call>(call), direction, kKernelCalls);
        cell.anysplice = try_call(kind, static_cast<Call>(call), direction, kEngineCalls);
      }
    }
    report.rows.push_back(row);
  }
  const Kind pipe = {"pipe", make_pipe};
  const Kind file = {"regular file", make_regular_file};
  const auto plainest = [&](Call call, const Kind& kind, Direction direction) {
    report.calls[static_cast<size_t>(call)] = {try_call(kind, call, direction, kKernelCalls),
                                               try_call(kind, call, direction, kEngineCalls)};
  };
  plainest(Call::kSplice, pipe, kFrom);
  plainest(Call::kTee, pipe, kFrom);
  plainest(Call::kVmsplice, pipe, kTo);
  plainest(Call::kSendfile, file, kFrom);
  plainest(Call::kCopyFileRange, file, kFrom);
  return report;
}

}  // namespace anysplice::tools
