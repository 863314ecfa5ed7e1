// Putting bytes back while strangers write and read: the seam lets one in between two of the
// engine's calls.
#include "core/pipe/settle.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "core/calls/descriptors.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/platform.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

using namespace anysplice;

namespace {

// What happens right before, and right after, each write into a pipe.
std::function<void(int fd, int turn)> before_write;
std::function<void(int fd, int turn)> after_write;
ssize_t (*real_write)(int, const iovec*, int, off_t, int);
ssize_t (*real_plain_write)(int, const iovec*, int);
int turns;

ssize_t interrupted_write(int fd, const iovec* iov, int count, off_t offset, int flags) {
  const int turn = turns++;
  if (before_write) before_write(fd, turn);
  const ssize_t n = real_write(fd, iov, count, offset, flags);
  if (after_write) after_write(fd, turn);
  return n;
}

// What systems without pwritev2 write by.
ssize_t interrupted_plain_write(int fd, const iovec* iov, int count) {
  const int turn = turns++;
  if (before_write) before_write(fd, turn);
  const ssize_t n = real_plain_write(fd, iov, count);
  if (after_write) after_write(fd, turn);
  return n;
}

std::string bytes(size_t size, char first) {
  std::string text(size, 0);
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + i % 23 + i / 4096);
  return text;
}

// Whether the system writes to pipes by pwritev2 without waiting (Linux 6.1 and qemu-user do not);
// if not, an attempt is no write.
bool has_nowait() {
  int fd[2];
  REQUIRE(::pipe(fd) == 0);
  char byte = 'x';
  const iovec one{&byte, 1};
  const bool has = real_write(fd[1], &one, 1, -1, RWF_NOWAIT) == 1;
  for (const int end : fd) ::close(end);
  return has;
}

// A pipe of ours with a ring that has bytes.
struct Fixture {
  int fd[2];
  Pipe* pipe;
  std::string expected;

  explicit Fixture(size_t size) {
    REQUIRE(pipe2(fd, O_NONBLOCK) == 0);
    enter_pipe(fd, true, false);
    pipe = pipe_of(fd_entry(fd[0]));
    REQUIRE(give_ring(pipe, 16));
    pipe->state = PipeState::kRing;
    expected = bytes(size, 'a');
    REQUIRE(pipe->ring.append_copy(expected.data(), size) == size);
    turns = 0;
    real_write = sys_table.pwritev2;
    if (has_nowait()) sys_table.pwritev2 = interrupted_write;
    real_plain_write = sys_table.writev;
    sys_table.writev = interrupted_plain_write;
  }
  ~Fixture() {
    sys_table.pwritev2 = real_write;
    sys_table.writev = real_plain_write;
    before_write = after_write = nullptr;
    for (int end : fd) {
      forget(end);
      ::close(end);
    }
  }
  void settle() {
    settle_ring(pipe, SettleReason::kExec);
    REQUIRE(pipe->state == PipeState::kKernel);
  }
  std::string drain() {
    std::string all(2 << 20, 0);
    size_t done = 0;
    for (ssize_t n; (n = ::read(fd[0], all.data() + done, all.size() - done)) > 0;) {
      done += static_cast<size_t>(n);
    }
    all.resize(done);
    return all;
  }
};

}  // namespace

TEST_CASE("settle: a full ring, and a stranger that writes first") {
  if (kPosixPlatform) return;  // a pipe cannot be made larger there
  Fixture f(65536);
  const std::string theirs = bytes(100, 'A');
  before_write = [&](int fd, int turn) {
    if (turn == 0) REQUIRE(::write(fd, theirs.data(), theirs.size()) == 100);
  };
  f.settle();
  REQUIRE(f.drain() == f.expected + theirs);
}

TEST_CASE("settle: a stranger that writes each time, until a marker tells") {
  if (kPosixPlatform) return;  // a pipe cannot be made larger there
  Fixture f(65536);
  std::string theirs;
  before_write = [&](int fd, int turn) {
    const std::string piece = bytes(16, static_cast<char>('A' + turn % 26));
    if (turn < 60 && ::write(fd, piece.data(), piece.size()) == 16) theirs += piece;
  };
  f.settle();
  REQUIRE(turns > 60);
  REQUIRE(f.drain() == f.expected + theirs);
}

TEST_CASE("settle: a stranger that writes, and one that reads what was put back") {
  for (const size_t taken : {size_t{1}, size_t{5000}, size_t{30000}}) {
    Fixture f(30000);
    const std::string theirs = bytes(100, 'A');
    std::string read(taken, 0);
    after_write = [&](int fd, int turn) {
      if (turn != 0) return;
      REQUIRE(::read(f.fd[0], read.data(), taken) == static_cast<ssize_t>(taken));
      REQUIRE(::write(fd, theirs.data(), 100) == 100);
      std::string more(30100 - taken, 'x');
      REQUIRE(::write(fd, more.data(), more.size()) == static_cast<ssize_t>(more.size()));
    };
    f.settle();
    const std::string all = read + f.drain();
    REQUIRE(all.substr(0, 30100) == f.expected + theirs);
    REQUIRE(all.size() == 30100 + 30100 - taken);
  }
}

// With the marker a stranger may take a part of it along; nobody else sees the rest.
TEST_CASE("settle: a stranger that reads a part of the marker") {
  if (kPosixPlatform) return;  // a pipe cannot be made larger there
  constexpr int kMarked = 32;  // the first attempt with a marker
  constexpr size_t kPiece = 16;
  constexpr size_t kMarker = 16;
  for (const size_t taken : {size_t{1}, size_t{15}, size_t{16}, size_t{20}, size_t{9000}}) {
    CAPTURE(taken);
    Fixture f(65536);
    std::string theirs;
    std::string read(kPiece + taken, 0);
    before_write = [&](int fd, int turn) {
      const std::string piece = bytes(kPiece, static_cast<char>('A' + turn % 26));
      REQUIRE((turn > kMarked || ::write(fd, piece.data(), piece.size()) == kPiece));
      if (turn < kMarked) theirs += piece;
    };
    after_write = [&](int, int turn) {
      if (turn != kMarked) return;
      const auto length = static_cast<ssize_t>(read.size());
      REQUIRE(::read(f.fd[0], read.data(), read.size()) == length);
    };
    f.settle();
    REQUIRE(turns > kMarked);
    CHECK(read.substr(0, kPiece) == bytes(kPiece, static_cast<char>('A' + kMarked % 26)));
    const std::string ours = taken > kMarker ? read.substr(kPiece + kMarker) : "";
    CHECK((ours + f.drain() == f.expected + theirs));  // in parentheses: too much to print
  }
}
