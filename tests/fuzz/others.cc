// Others come to see the pipes: forked processes, programs that know nothing of the engine, and
// descriptors that go past it.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/fd/fd_table.h"
#include "core/pipe/pipe_identity.h"
#include "core/sys/platform.h"
#include "tests/fuzz/helper.h"
#include "tests/fuzz/stage.h"

namespace fuzz {

// One fork for both sides: each process then has its copy of both worlds.
void Stage::fork(int number) {
  skipped_ = actor_ != 0 || number <= 0 || number >= kActors || shared_.pid[number] != 0;
  if (skipped_) return;
  const pid_t pid = calls_[kEngine]->fork();
  if (pid < 0) end(Verdict::kCutShort);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    actor_ = number;
    return;
  }
  shared_.pid[number] = pid;
  shared_.alive[number] = true;
}

// Its pipes are given to the new user first, who may then open them by their paths; of others the
// engine cannot put back what it holds (docs/limitations.md).
void Stage::drop(int64_t how) {
  skipped_ = actor_ == 0;
  if (skipped_) return;
  anysplice::before_privilege_change();
  if (how == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return;
  }
  constexpr uid_t kNobody = 65534;
  for (const Var& v : vars_) {
    for (int fd : v.fd) {
      if (object_of(v).kind == Object::kPipe) static_cast<void>(!::fchown(fd, kNobody, kNobody));
    }
  }
  static_cast<void>(!::setgroups(0, nullptr));
  static_cast<void>(!::setresgid(kNobody, kNobody, kNobody));
  static_cast<void>(!::setresuid(kNobody, kNobody, kNobody));
}

void Stage::exit(bool silently) {
  if (!silently) anysplice::settle_held(anysplice::SettleReason::kAsked);
  ++shared_.compared;
  ::_exit(0);
}

// Whether the engine holds bytes that it has no way to put back: without /proc it needs both ends
// (docs/portability.md).
bool Stage::stranded(const Var& v) {
  if (!anysplice::kPosixPlatform || !anysplice::holds_bytes(v.fd[kEngine])) return false;
  return std::none_of(std::begin(vars_), std::end(vars_),
                      [&](const Var& other) { return other.object == v.object && other.writes; });
}

// The program answers through a pipe of its own: what its one call said, errno, then the bytes.
void Stage::spawn(Var& v, bool writes, size_t length) {
  length = std::min<size_t>(length, kHelperMost);
  skipped_ = object_of(v).kind != Object::kPipe || (writes ? !v.writes : !v.reads) ||
             (::fcntl(v.fd[kKernel], F_GETFD) & FD_CLOEXEC) != 0 ||
             !(writes ? can_give(v, length, false) && (nonblocking(v) || length <= kPage)
                      : can_take(v, false));
  if (skipped_) return;
  const size_t from = writes ? take_pattern(length) : 0;
  anysplice::expose_all();
  for (const Var& other : vars_) {
    // Of a pipe from elsewhere nothing is known until it is used: others have it anyway.
    const bool known = anysplice::fd_entry(other.fd[kEngine]).is_pipe();
    if (other.open() && other.reads && known) shared_.object[other.object].exposed = true;
  }
  skipped_ = !writes && stranded(v);
  if (skipped_) return;
  std::string bytes[2];
  const auto run = [&](int side, Rest rest) {
    long n = -1;
    if (!run_helper(v.fd[side], writes, from + rest.done, rest.of(length), &n, &bytes[side])) {
      end(Verdict::kCutShort);
    }
    return n;
  };
  Answer answers[] = {call(kKernel, [&](int s) { return run(s, {}); }),
                      call(kEngine, [&](int s) { return run(s, {}); })};
  if (writes) {
    judge(answers, v, run);
    return;
  }
  agree(answers);
  if (bytes[0] != bytes[1]) differ("read: " + difference(bytes[0], bytes[1]));
}

void Stage::expose(Var& v) {
  calls_[kEngine]->expose(v.fd[kEngine], anysplice::SettleReason::kStdio);
  if (v.open()) shared_.object[v.object].exposed = true;
}

void Stage::stranger(Var& v, bool writes, size_t length) {
  length = std::min<size_t>(length, 1 << 20);
  skipped_ =
      object_of(v).kind != Object::kPipe || !object_of(v).exposed ||
      (writes ? !v.writes || !can_give(v, length, false) || !(nonblocking(v) || length <= kPage)
              : !v.reads || !can_take(v, false) || stranded(v));
  if (skipped_) return;
  const size_t from = writes ? take_pattern(length) : 0;
  const auto make = [&](int side, Rest rest) {
    return writes ? ::write(v.fd[side], pattern() + from + rest.done, rest.of(length))
                  : ::read(v.fd[side], buffer(side), length);
  };
  Answer answers[] = {call(kKernel, [&](int s) { return make(s, {}); }),
                      call(kEngine, [&](int s) { return make(s, {}); })};
  if (writes) {
    judge(answers, v, make);
    return;
  }
  agree(answers);
  got_bytes(answers, v);
}

}  // namespace fuzz
