// Decisions, made and seen through the engine's own calls.
#include "core/inject/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/calls/engine.h"
#include "core/inject/generator.h"
#include "core/inject/process.h"
#include "core/inject/spec.h"
#include "core/sys/platform.h"
#include "tests/catch.h"

namespace anysplice::inject {
namespace {

// A specification in force, while it lives, in a process that has made no call yet.
class Injected {
 public:
  explicit Injected(const char* spec, Mode mode = Mode::kEmulate) {
    SpecError error;
    INFO(spec);
    REQUIRE(parse_spec(spec, plan_.get(), &error));
    become_child();  // counts begin anew
    set_mode(mode, ENOSYS);
    start(*plan_, "unit");
  }
  ~Injected() {
    stop();
    set_mode(Mode::kAuto, ENOSYS);
  }

 private:
  std::unique_ptr<Plan> plan_ = std::make_unique<Plan>();
};

struct Pipe {
  explicit Pipe(int flags = 0) { REQUIRE(anysplice::pipe2(ends, flags) == 0); }
  ~Pipe() {
    for (const int fd : ends) anysplice::close(fd);
  }
  void fill(size_t bytes) {
    const std::string data(bytes, 'x');
    REQUIRE(anysplice::write(ends[1], data.data(), bytes) == static_cast<ssize_t>(bytes));
  }
  int ends[2];
};

struct File {
  File() : fd(memfd_create("unit", MFD_CLOEXEC)) { REQUIRE(fd >= 0); }
  ~File() { ::close(fd); }
  int fd;
};

// What splices of `length` bytes out of a pipe that has as many give: counts, or -errno.
std::vector<ssize_t> splices(int times, size_t length = 1000, unsigned flags = 0) {
  std::vector<ssize_t> results;
  const File file;
  for (int i = 0; i < times; ++i) {
    Pipe pipe;
    pipe.fill(length);
    const ssize_t n = anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, length, flags);
    results.push_back(n < 0 ? -errno : n);
  }
  return results;
}

using Results = std::vector<ssize_t>;

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

TEST_CASE("the same seed decides the same, another differently", "[inject]") {
  const char* spec = "splice:short=0.5,errno=EIO=0.1;seed=1";
  Plan plan;
  SpecError error;
  REQUIRE_FALSE(parse_spec(spec, &plan, &error));  // '=' is not how errno gets its chance
  Results first;
  {
    Injected injected("splice:short=0.5,errno=EIO@0.1;seed=1");
    first = splices(40);
  }
  for (int i = 0; i < 5; ++i) {
    Injected injected("splice:short=0.5,errno=EIO@0.1;seed=1");
    CHECK(splices(40) == first);
  }
  Injected injected("splice:short=0.5,errno=EIO@0.1;seed=2");
  CHECK(splices(40) != first);
}

TEST_CASE("threads and children decide for themselves, and repeatably", "[inject]") {
  Results main[2], thread[2], child[2];
  for (int i = 0; i < 2; ++i) {
    Injected injected("splice:short");
    main[i] = splices(10);
    std::thread([&] { thread[i] = splices(10); }).join();
    before_fork();
    become_child();  // as in the child
    child[i] = splices(10);
  }
  CHECK(main[0] == main[1]);
  CHECK(thread[0] == thread[1]);
  CHECK(child[0] == child[1]);
  CHECK(main[0] != thread[0]);
  CHECK(main[0] != child[0]);
}

TEST_CASE("a rule for one thread, and for one process", "[inject]") {
  {
    Injected injected("splice:errno=EIO@thread=1");
    Results thread;
    CHECK(splices(1) == Results{1000});
    std::thread([&] { thread = splices(1); }).join();
    CHECK(thread == Results{-EIO});
  }
  {
    Injected injected("splice:errno=EIO@process=unit/2");
    CHECK(splices(1) == Results{1000});
    before_fork();
    before_fork();
    become_child();
    CHECK(std::string(process.name) == "unit/2");
    CHECK(splices(1) == Results{-EIO});
  }
}

TEST_CASE("names of processes", "[inject]") {
  name_process("/usr/bin/p v;x", 1);
  CHECK(std::string(process.name) == "p_v_x");
  name_process("pv", 3);
  CHECK(std::string(process.name) == "pv#3");
  CHECK(std::string(process.plain) == "pv");
  name_process("", 1);
  CHECK(std::string(process.name) == "_");
}

TEST_CASE("chances come true as often as they should", "[inject]") {
  int hits = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    hits += happens(mix(mix(1, 2), i), kAlways / 10 * 3) ? 1 : 0;
  }
  CHECK((hits > 29400 && hits < 30600));
  for (uint64_t i = 0; i < 1000; ++i) {
    CHECK(happens(mix(3, i), kAlways));
    CHECK_FALSE(happens(mix(3, i), 0));
  }
}

TEST_CASE("short counts are small and large", "[inject]") {
  int ones = 0, large = 0;
  for (uint64_t i = 0; i < 10000; ++i) {
    const uint64_t n = draw_short(mix(4, i), 65536);
    CHECK((n >= 1 && n < 65536));
    ones += n == 1;
    large += n >= 32768;
  }
  CHECK((ones > 400 && ones < 900));
  CHECK((large > 400 && large < 900));
}

}  // namespace
}  // namespace anysplice::inject
