// What only sockets have: messages, options, urgent bytes, halves that are shut.
//
// The options, by the number in the program: 0 SO_RCVLOWAT, 1 SO_RCVTIMEO, 2 SO_SNDTIMEO (both in
// milliseconds), 3 SO_PEEK_OFF, 4 SO_OOBINLINE, 5 SO_RCVBUF, 6 SO_SNDBUF.
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

constexpr int kOptions[] = {SO_RCVLOWAT,  SO_RCVTIMEO, SO_SNDTIMEO, SO_PEEK_OFF,
                            SO_OOBINLINE, SO_RCVBUF,   SO_SNDBUF};
constexpr int64_t kLongest = 20;  // ms that a step may wait

uint64_t received(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return UINT64_MAX;
  return info.tcpi_bytes_received;
}

}  // namespace

void Stage::send(const Step& step) {
  Var& v = var(step.arg[0]);
  const Object& object = object_of(v);
  size_t length = static_cast<size_t>(step.arg[1]);
  const int allowed = object.kind == Object::kTcp ? MSG_OOB : object.sequenced ? MSG_EOR : 0;
  const int flags = static_cast<int>(step.arg[2]) & allowed;
  skipped_ = object.peer < 0;
  if (skipped_) return;
  length = std::min<size_t>(length, object.kind == Object::kDatagram ? 1 << 16 : 1 << 12);
  skipped_ = !can_give(v, length, false) || ((flags & MSG_OOB) != 0 && length == 0);
  if (skipped_) return;
  const char* const at = pattern() + take_pattern(length);
  const auto make = [&](int side, Rest rest) {
    return ::send(v.fd[side], at + rest.done, rest.of(length), flags | MSG_DONTWAIT);
  };
  Answer answers[] = {call(kKernel, [&](int s) { return make(s, {}); }),
                      call(kEngine, [&](int s) { return make(s, {}); })};
  judge(answers, v, make);
  if ((flags & MSG_OOB) != 0) shared_.object[object.peer].urgent = true;
  put_bytes(v, answers[0].n);
}

void Stage::receive(const Step& step) {
  Var& v = var(step.arg[0]);
  const Object& object = object_of(v);
  const size_t length = std::min<size_t>(static_cast<size_t>(step.arg[1]), 1 << 17);
  int allowed = MSG_PEEK;
  if (object.kind == Object::kTcp) allowed |= MSG_OOB;
  if (object.kind == Object::kDatagram) allowed |= MSG_TRUNC;
  const int flags = static_cast<int>(step.arg[2]) & allowed;
  skipped_ = object.peer < 0;
  if (skipped_) return;
  arrive(v);
  int told[2] = {};
  const auto make = [&](int side) {
    // From a place of its own a look copies less than MSG_TRUNC says.
    memset(buffer(side), 0, length);
    iovec to = {buffer(side), length};
    msghdr message = {};
    message.msg_iov = &to;
    message.msg_iovlen = 1;
    const ssize_t n = ::recvmsg(v.fd[side], &message, flags | MSG_DONTWAIT);
    told[side] = n < 0 ? 0 : message.msg_flags & (MSG_TRUNC | MSG_EOR | MSG_OOB);
    return n;
  };
  const Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  agree(answers);
  if (told[0] != told[1]) {
    differ("flags kernel: " + std::to_string(told[0]) + ", engine: " + std::to_string(told[1]));
  }
  if ((flags & (MSG_PEEK | MSG_OOB)) == 0) {
    got_bytes(answers, v, static_cast<int64_t>(length));
  } else if (answers[0].n > 0) {
    const size_t seen = std::min(static_cast<size_t>(answers[0].n), length);
    const std::string_view k(buffer(kKernel), seen), e(buffer(kEngine), seen);
    if (k != e) differ("looked at: " + difference(k, e));
  }
}

void Stage::set_option(const Step& step) {
  Var& v = var(step.arg[0]);
  const int option = kOptions[std::clamp<int64_t>(step.arg[1], 0, 6)];
  int value = static_cast<int>(step.arg[2]);
  skipped_ = !v.open() || object_of(v).peer < 0;
  if (skipped_) return;
  Object& object = shared_.object[v.object];
  // How much of a stream is under way depends on what TCP makes of its buffers; and a splice of the
  // kernel leaves the place where TCP looks alone (docs/limitations.md).
  // UDP drops what has no room, and how much of that a message takes is the kernel's to choose.
  skipped_ = option == SO_RCVBUF && object.inet;
  if (skipped_) return;
  const bool streams = option == SO_RCVBUF || option == SO_SNDBUF || option == SO_PEEK_OFF;
  skipped_ = streams && object.kind == Object::kTcp;
  if (skipped_) return;
  if (option == SO_RCVTIMEO || option == SO_SNDTIMEO) {
    value = static_cast<int>(std::clamp<int64_t>(value, 0, kLongest));
    const timeval time = {0, value * 1000};
    const int64_t set = both(
        [&](int side) { return ::setsockopt(v.fd[side], SOL_SOCKET, option, &time, sizeof time); });
    if (set == 0) (option == SO_RCVTIMEO ? object.limited_in : object.limited_out) = value > 0;
    return;
  }
  const int64_t n = both(
      [&](int side) { return ::setsockopt(v.fd[side], SOL_SOCKET, option, &value, sizeof value); });
  if (n == 0 && option == SO_RCVLOWAT) object.low_water = value;
  if (n == 0 && option == SO_SNDBUF) object.small = true;
}

void Stage::shut(const Step& step) {
  Var& v = var(step.arg[0]);
  const int how = static_cast<int>(std::clamp<int64_t>(step.arg[1], SHUT_RD, SHUT_RDWR));
  arrive(v);
  const int64_t n = both([&](int side) { return ::shutdown(v.fd[side], how); });
  if (n != 0 || !v.open()) return;
  Object& object = shared_.object[v.object];
  if (object.peer < 0) return;
  if (how != SHUT_WR) object.deaf = true;
  if (how != SHUT_RD) shared_.object[object.peer].finished = true;
}

void Stage::look_at_socket(const Var& v) {
  both([&](int side) {
    int value = -2;
    socklen_t size = sizeof value;
    ::getsockopt(v.fd[side], SOL_SOCKET, SO_PEEK_OFF, &value, &size);
    errno = 0;
    return value;
  });
}

// Waits until what was sent over TCP is here, and the end of it.
void Stage::arrive(Var& v) {
  const Object& object = object_of(v);
  if (object.terminal) arrive_at_terminal(v);
  if (object.kind != Object::kTcp || object.deaf) return;
  for (int side = 0; side < 2; ++side) {
    uint64_t n = 0;
    for (int tries = 0; tries < 2000; ++tries) {
      n = received(v.fd[side]);
      pollfd p = {v.fd[side], POLLRDHUP, 0};
      if (n >= object.sent && (!object.finished || ::poll(&p, 1, 0) > 0)) break;
      p.events = 0;
      if (::poll(&p, 1, 0) > 0) return;  // reset
      ::poll(nullptr, 0, 1);
    }
    if (n < object.sent) {
      differ(std::string(side == kKernel ? "kernel: " : "engine: ") + std::to_string(n) + " of " +
             std::to_string(object.sent) + " bytes arrived");
    }
  }
}

}  // namespace fuzz
