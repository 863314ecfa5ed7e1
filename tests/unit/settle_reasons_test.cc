// Whatever settles a pipe says why.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "core/calls/engine.h"
#include "core/memory/user_memory.h"
#include "core/telemetry/counters.h"
#include "tests/catch.h"
#include "tools/descriptor_message.h"

namespace anysplice {
namespace {

// Without a way to copy the program's memory there are no rings for long (qemu-user).
bool has_copy() {
  const char from = 'x';
  char to;
  return copy_from_user(&to, &from, 1) == 1;
}

// A ring with five bytes in it, and the counters as they were.
class RingOfFive {
 public:
  RingOfFive() {
    set_mode(Mode::kEmulate, 0);
    REQUIRE(anysplice::pipe2(ends_, O_CLOEXEC) == 0);
    char bytes[] = "bytes";
    const iovec iov{bytes, 5};
    REQUIRE(anysplice::vmsplice(ends_[1], &iov, 1, 0) == 5);
    for (size_t i = 0; i < kSettleReasons; ++i) {
      times_[i] = stats->settled[i].times;
      bytes_[i] = stats->settled[i].bytes;
    }
  }
  ~RingOfFive() {
    anysplice::close(r());
    anysplice::close(w());
    set_mode(Mode::kAuto, 0);
  }
  RingOfFive(const RingOfFive&) = delete;
  RingOfFive& operator=(const RingOfFive&) = delete;

  int r() const { return ends_[0]; }
  int w() const { return ends_[1]; }

  // What was settled since then: "poll 5 bytes".
  std::string settled() const {
    std::string text;
    for (size_t i = 0; i < kSettleReasons; ++i) {
      for (uint64_t n = times_[i]; n < stats->settled[i].times; ++n) {
        text += std::string(settle_reason_names[i]) + " " +
                std::to_string(stats->settled[i].bytes - bytes_[i]);
      }
    }
    return text;
  }

 private:
  int ends_[2];
  std::array<uint64_t, kSettleReasons> times_;
  std::array<uint64_t, kSettleReasons> bytes_;
};

TEST_CASE("a settled pipe says why", "[stats]") {
  if (!has_copy()) return;
  const RingOfFive pipe;
  SECTION("poll") {
    pollfd p{pipe.w(), POLLPRI, 0};
    anysplice::poll(&p, 1, 1);
    CHECK(pipe.settled() == "poll 5");
  }
  SECTION("epoll") {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    REQUIRE(anysplice::epoll_ctl(set, EPOLL_CTL_ADD, pipe.r(), &event) == 0);
    ::close(set);
    CHECK(pipe.settled() == "epoll 5");
  }
  SECTION("a read that waits") {
    char bytes[5];
    REQUIRE(anysplice::read(pipe.r(), bytes, 5) == 5);
    anysplice::fcntl(pipe.r(), F_SETFL, 0);
    const pid_t child = ::fork();
    if (child == 0) {
      usleep(100000);
      _exit(::write(pipe.w(), "x", 1) == 1 ? 0 : 1);
    }
    CHECK(anysplice::read(pipe.r(), bytes, 5) == 1);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(pipe.settled() == "wait 0");
  }
  SECTION("a write that fits into the kernel's pipe only") {
    // There it shares the page of the bytes before.
    std::string much((1 << 18) - 5, 'm');
    anysplice::fcntl(pipe.w(), F_SETPIPE_SZ, 1 << 18);
    CHECK(anysplice::write(pipe.w(), much.data(), much.size()) ==
          static_cast<ssize_t>(much.size()));
    CHECK(pipe.settled() == "write 5");
  }
  SECTION("fork") {
    const pid_t child = anysplice::fork();
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    CHECK(pipe.settled() == "fork 5");
  }
  SECTION("exec") {
    anysplice::expose_all();
    CHECK(pipe.settled() == "exec 5");
  }
  SECTION("a descriptor in a message") {
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    DescriptorMessage message(pipe.r());
    CHECK(anysplice::sendmsg(pair[0], message.header(), 0) == 1);
    ::close(pair[0]);
    ::close(pair[1]);
    CHECK(pipe.settled() == "rights 5");
  }
  SECTION("an ioctl") {
    int available = 0;
    CHECK(anysplice::ioctl(pipe.r(), FIONREAD, &available) == 0);
    CHECK(pipe.settled() == "");
    anysplice::ioctl(pipe.r(), TIOCGWINSZ, &available);
    CHECK(pipe.settled() == "ioctl 5");
  }
  SECTION("signals instead of polls") {
    CHECK(anysplice::fcntl(pipe.r(), F_SETFL, O_ASYNC) == 0);
    CHECK(pipe.settled() == "fcntl 5");
  }
  SECTION("a read with flags") {
    char bytes[5];
    const iovec iov{bytes, 5};
    anysplice::preadv2(pipe.r(), &iov, 1, -1, RWF_NOWAIT);
    CHECK(pipe.settled() == "flags 5");
  }
  SECTION("the last writer closes") {
    CHECK(anysplice::close(pipe.w()) == 0);
    CHECK(pipe.settled() == "close 5");
  }
}

}  // namespace
}  // namespace anysplice
