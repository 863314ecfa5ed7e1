// What is done to calls, and seen through the engine's own calls.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "core/sys/platform.h"
#include "tests/unit/inject_fixture.h"

namespace anysplice::inject {
namespace {

TEST_CASE("an error at one call, a range of calls, every so many", "[inject]") {
  const auto mode = GENERATE(Mode::kEmulate, Mode::kNative, Mode::kAuto);
  if (kPosixPlatform && mode == Mode::kNative) return;  // no native calls there
  {
    Injected injected("splice:errno=EIO@3", mode);
    CHECK(splices(4) == Results{1000, 1000, -EIO, 1000});
  }
  {
    Injected injected("splice:errno=ENOMEM@2..3", mode);
    CHECK(splices(4) == Results{1000, -ENOMEM, -ENOMEM, 1000});
  }
  {
    Injected injected("splice:errno=ENOSPC@every=2", mode);
    CHECK(splices(4) == Results{1000, -ENOSPC, 1000, -ENOSPC});
  }
}

TEST_CASE("fewer bytes are moved, and told", "[inject]") {
  const auto mode = GENERATE(Mode::kEmulate, Mode::kNative);
  if (kPosixPlatform && mode == Mode::kNative) return;  // no native calls there
  Injected injected("splice:limit=10", mode);
  Pipe pipe;
  pipe.fill(25);
  const File file;
  CHECK(anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, 25, 0) == 10);
  CHECK(lseek(file.fd, 0, SEEK_CUR) == 10);
  int left = 0;
  CHECK(anysplice::ioctl(pipe.ends[0], FIONREAD, &left) == 0);
  CHECK(left == 15);
}

TEST_CASE("short counts are from 1 to one less than all", "[inject]") {
  Injected injected("splice:short");
  for (const ssize_t n : splices(50)) CHECK((n >= 1 && n < 1000));
  CHECK(splices(5, 2) == Results{1, 1, 1, 1, 1});
  CHECK(splices(3, 1) == Results{1, 1, 1});
}

TEST_CASE("a part, then the error", "[inject]") {
  Injected injected("splice:partial=EIO@1");
  Pipe pipe;
  pipe.fill(1000);
  const File file, other;
  const ssize_t first = anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, 1000, 0);
  CHECK((first >= 1 && first < 1000));
  // Another transfer between the two is none of its business.
  CHECK(anysplice::splice(pipe.ends[0], nullptr, other.fd, nullptr, 1, 0) == 1);
  CHECK(anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, 1000, 0) == -1);
  CHECK(errno == EIO);
  CHECK(anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, 1000, 0) == 999 - first);
}

TEST_CASE("gone from there on, for good", "[inject]") {
  Injected injected("splice:gone@3");
  CHECK(splices(5) == Results{1000, 1000, -ENOSYS, -ENOSYS, -ENOSYS});
}

TEST_CASE("bytes above and below", "[inject]") {
  Injected injected("splice:errno=EIO@above=2000@below=3000");
  CHECK(splices(4) == Results{1000, 1000, -EIO, -EIO});
}

TEST_CASE("EAGAIN for those that do not wait, EINTR for those that do", "[inject]") {
  Injected injected("splice:eagain@1..2,eintr@3..4");
  CHECK(splices(1) == Results{1000});
  CHECK(splices(1, 1000, SPLICE_F_NONBLOCK) == Results{-EAGAIN});
  CHECK(splices(1, 1000, SPLICE_F_NONBLOCK) == Results{1000});
  CHECK(splices(1) == Results{-EINTR});
}

TEST_CASE("what no kernel does is done after unsafe: only", "[inject]") {
  Injected injected("unsafe:splice:eagain@1,zero@2,errno=EPIPE@3");
  CHECK(splices(4) == Results{-EAGAIN, 0, -EPIPE, 1000});
}

TEST_CASE("messages are not cut", "[inject]") {
  Injected injected("splice:byte");
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  Pipe pipe;
  pipe.fill(100);
  CHECK(anysplice::splice(pipe.ends[0], nullptr, ends[0], nullptr, 100, 0) == 100);
  for (const int fd : ends) ::close(fd);
}

TEST_CASE("kinds of ends", "[inject]") {
  Injected injected("splice(pipe->file):errno=EIO;tee:limit=7");
  CHECK(splices(1) == Results{-EIO});
  Pipe a, b;
  a.fill(100);
  CHECK(anysplice::tee(a.ends[0], b.ends[1], 100, 0) == 7);
  CHECK(anysplice::splice(a.ends[0], nullptr, b.ends[1], nullptr, 100, 0) == 100);
}

TEST_CASE("the other calls are shortened too", "[inject]") {
  Injected injected("all:limit=10");
  Pipe pipe;
  char data[100] = {};
  iovec parts[3] = {{data, 4}, {data, 0}, {data, 50}};
  CHECK(anysplice::vmsplice(pipe.ends[1], parts, 3, 0) == 10);
  CHECK(anysplice::vmsplice(pipe.ends[0], parts + 2, 1, 0) == 10);
  const File from, to;
  REQUIRE(ftruncate(from.fd, 100) == 0);
  int64_t at = 5;
  CHECK(anysplice::sendfile(to.fd, from.fd, &at, 100) == 10);
  CHECK(at == 15);
  // Segments that cannot be read are the call's own affair.
  CHECK(anysplice::vmsplice(pipe.ends[1], reinterpret_cast<iovec*>(8), 1, 0) == -1);
  CHECK(errno == EFAULT);
}

TEST_CASE("bad descriptors have their own error", "[inject]") {
  Injected injected("splice:errno=EIO");
  CHECK(anysplice::splice(-1, nullptr, -1, nullptr, 1, 0) == -1);
  CHECK(errno == EBADF);
}

TEST_CASE("a delay", "[inject]") {
  Injected injected("splice:delay=20ms");
  timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  CHECK(splices(1) == Results{1000});
  clock_gettime(CLOCK_MONOTONIC, &after);
  const auto passed =
      (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1'000'000;
  CHECK(passed >= 19);
}

TEST_CASE("pipes are small and stay so", "[inject]") {
  Injected injected("pipes:capacity=8k");
  Pipe pipe;
  CHECK(anysplice::fcntl(pipe.ends[0], F_GETPIPE_SZ, 0) == 8192);
  CHECK(anysplice::fcntl(pipe.ends[0], F_SETPIPE_SZ, 65536) == -1);
  CHECK(errno == EPERM);
  CHECK(anysplice::fcntl(pipe.ends[0], F_SETPIPE_SZ, 4096) == 4096);
  CHECK(anysplice::fcntl(pipe.ends[0], F_SETPIPE_SZ, 8192) == 8192);
}

TEST_CASE("pipes of systems that could not size them", "[inject]") {
  Injected injected("pipes:fixed");
  Pipe pipe;
  CHECK(anysplice::fcntl(pipe.ends[0], F_GETPIPE_SZ, 0) == -1);
  CHECK(errno == EINVAL);
  CHECK(anysplice::fcntl(pipe.ends[0], F_SETPIPE_SZ, 65536) == -1);
  CHECK(errno == EINVAL);
  CHECK(anysplice::fcntl(pipe.ends[0], F_GETFL, 0) == O_RDONLY);
}

}  // namespace
}  // namespace anysplice::inject
