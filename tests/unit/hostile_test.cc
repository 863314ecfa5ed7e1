// Related processes and strangers that do what they can to be in the way (docs/security.md). Each
// test is in a process of its own: what is shared stays so.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <thread>

#include "core/calls/engine.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/turns.h"
#include "core/policy/mode.h"
#include "core/sys/platform.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

constexpr PipeKey kKey = 7;
constexpr int kMostVainWaits = 8;
constexpr long kPatienceMs = 100;

// What it says is wrong, or nothing.
std::string in_child(const std::function<std::string()>& what) {
  int report[2];
  if (::pipe(report) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    alarm(60);
    turns::share_with_children();
    const std::string wrong = turns::shared() ? what() : "nothing is shared";
    _exit(::write(report[1], wrong.data(), wrong.size()) < 0 ? 1 : 0);
  }
  ::close(report[1]);
  char said[400];
  const ssize_t n = ::read(report[0], said, sizeof(said));
  ::close(report[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) return "it did not end well: " + std::to_string(status);
  return std::string(said, n > 0 ? static_cast<size_t>(n) : 0);
}

// As any related process has it.
turns::Shared& shared_page() {
  auto* const first = const_cast<std::atomic<uint32_t>*>(turns::in_use_at.load());
  return *reinterpret_cast<turns::Shared*>(first);
}

long now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

std::string a_turn_that_never_comes() {
  std::atomic<uint32_t>& owner = shared_page().turn[kKey].owner;
  for (int i = 0; i < kMostVainWaits; ++i) {
    if (!turns::shared()) return "not believed any more after " + std::to_string(i);
    owner.store(static_cast<uint32_t>(getppid()));
    const long start = now_ms();
    turns::exit(kKey, turns::enter(kKey));
    if (now_ms() - start < kPatienceMs) return "no patience";
  }
  if (turns::shared()) return "still believed";
  return turns::enter(kKey) == 0 ? "" : "still takes turns";
}

Sys real;
std::string asked_wrong;

int asking_kill(pid_t process, int signal) {
  if (process <= 0 || signal != 0) asked_wrong = "kill";
  return real.kill(process, 0);
}

int asking_waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  if (type != P_PID || (options & WNOWAIT) == 0 || (options & WNOHANG) == 0) asked_wrong = "waitid";
  return real.waitid(type, id, info, options | WNOWAIT);
}

std::string what_is_said_of_owners() {
  real = sys_table;
  sys_table.kill = asking_kill;
  sys_table.waitid = asking_waitid;
  const pid_t child = ::fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  const uint32_t owners[] = {1,           static_cast<uint32_t>(getpid()),
                             0x7fffffff,  0x80000001,
                             0xffffffff,  0x400000,
                             0x80400000,  static_cast<uint32_t>(child),
                             0x80000000u, static_cast<uint32_t>(child) | 0x80000000u};
  for (const uint32_t owner : owners) {
    shared_page().turn[kKey].owner.store(owner);
    turns::exit(kKey, turns::enter(kKey));
    if (!turns::shared()) break;
  }
  sys_table = real;
  if (!asked_wrong.empty()) return asked_wrong;
  int status = 0;
  return ::waitpid(child, &status, 0) == child ? "" : "a child was waited for";
}

// A pipe from outside, of which others may have an end; and one that takes what is seen of it.
struct World {
  explicit World(const char* bytes) {
    set_mode(Mode::kEmulate, ENOSYS);
    allow_rings(false);
    const auto length = static_cast<ssize_t>(strlen(bytes));
    if (::pipe(common) != 0 || anysplice::pipe(seen) != 0 ||
        ::write(common[1], bytes, strlen(bytes)) != length) {
      _exit(1);
    }
  }
  std::string take(int fd) {
    std::string bytes(70000, 0);
    const ssize_t n = anysplice::read(fd, bytes.data(), bytes.size());
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }
  int common[2];
  int seen[2];
};

std::string readers_counted_up_for_ever() {
  World w("bytes");
  exposed_pipes::note_may_be_shared();
  auto& readers = shared_page().turn[pipe_key_of(w.common[0])].readers;
  std::atomic<bool> stop{false};
  std::thread liar([&] {
    while (!stop) {
      readers.fetch_add(1);
      usleep(100);
    }
  });
  const ssize_t n = tee(w.common[0], w.seen[1], 10, 0);
  stop = true;
  liar.join();
  if (n != 5) return "tee";
  return w.take(w.common[0]) + w.take(w.seen[0]) == "bytesbytes" ? "" : "other bytes";
}

int polls;
int counting_poll(pollfd* fds, nfds_t count, int timeout) {
  if (fds == nullptr) ++polls;
  return real.poll(fds, count, timeout);
}

// What is said of all keys is nothing to it.
std::string a_pipe_of_this_process_alone() {
  World w("bytes");
  turns::Shared& page = shared_page();
  page.in_use.store(1);
  for (auto& turn : page.turn) {
    turn.owner.store(static_cast<uint32_t>(getppid()));
    turn.readers.store(1000);
    turn.taken.store(1);
  }
  real = sys_table;
  sys_table.poll = counting_poll;
  for (int i = 0; i < 2 * kMostVainWaits; ++i) {
    int own[2];
    if (anysplice::pipe(own) != 0 || anysplice::write(own[1], "own", 3) != 3) return "no pipe";
    if (tee(own[0], w.seen[1], 10, 0) != 3) return "tee";
    if (splice(own[0], nullptr, w.seen[1], nullptr, 1, 0) != 1) return "splice";
    if (w.take(own[0]) != "wn" || w.take(w.seen[0]) != "owno") return "other bytes";
    for (const int fd : own) anysplice::close(fd);
  }
  sys_table = real;
  if (polls != 0) return "it waited for others";
  return turns::shared() ? "" : "it waited in vain";
}

ssize_t write_after_stranger(int fd, const iovec* iov, int count, off_t at, int flags) {
  if (::write(fd, "!", 1) != 1) return -1;
  return real.pwritev2(fd, iov, count, at, flags);
}

// A stranger that gets in before every attempt to put bytes back.
std::string a_writer_that_is_always_faster() {
  World w("bytes");
  int said[2];
  if (::pipe(said) != 0) return "no pipe";
  const int err = ::dup(2);
  PipeId id;
  if (!pipe_id(w.common[0], &id)) return "no id";
  exposed_pipes::mark(id);
  real = sys_table;
  sys_table.pwritev2 = write_after_stranger;
  ::dup2(said[1], 2);
  const ssize_t n = splice(w.common[0], nullptr, w.seen[1], nullptr, 2, 0);
  const ssize_t m = tee(w.common[0], w.seen[1], 10, 0);
  ::dup2(err, 2);
  sys_table = real;
  if (n != 2 || m < 3) return "splice " + std::to_string(n) + ", tee " + std::to_string(m);
  std::string line(300, 0);
  ::fcntl(said[0], F_SETFL, O_NONBLOCK);
  const ssize_t length = ::read(said[0], line.data(), line.size());
  line.resize(length > 0 ? static_cast<size_t>(length) : 0);
  if (line.find(" bytes could not be put back") == std::string::npos) return "it said " + line;
  std::string rest;
  while (rest.size() < 3 + 1024) {
    const std::string part = w.take(w.common[0]);
    if (part.empty()) break;
    rest += part;
  }
  const size_t strangers = rest.size() - 3;
  if (strangers < 1024) return std::to_string(strangers) + " attempts";
  return rest == "tes" + std::string(strangers, '!') ? "" : "other bytes";
}

}  // namespace

TEST_CASE("hostile: a turn that never comes is waited for eight times") {
  CHECK(in_child(a_turn_that_never_comes) == "");
}

TEST_CASE("hostile: who is said to own a turn is only asked about") {
  CHECK(in_child(what_is_said_of_owners) == "");
}

TEST_CASE("hostile: readers that are counted up for ever") {
  CHECK(in_child(readers_counted_up_for_ever) == "");
}

TEST_CASE("hostile: a pipe that one process alone has depends on nothing that is shared") {
  CHECK(in_child(a_pipe_of_this_process_alone) == "");
}

TEST_CASE("hostile: a writer that is always faster is given up on, and no byte is lost") {
  if (kPosixPlatform) return;  // it writes otherwise
  CHECK(in_child(a_writer_that_is_always_faster) == "");
}

}  // namespace anysplice
