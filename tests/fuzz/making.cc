// Descriptors made, copied, sent and closed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/fuzz/stage.h"
#include "tools/descriptor_message.h"

namespace fuzz {
namespace {

// Two UDP sockets connected with each other. Without checksums: of a message that is spliced in
// pieces of odd lengths the kernel (6.18) computes a wrong one, and then drops it.
bool udp_pair(int fds[2]) {
  sockaddr_in address[2] = {};
  bool good = true;
  for (int i = 0; i < 2; ++i) {
    fds[i] = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fds[i], SOL_SOCKET, SO_NO_CHECK, &on, sizeof on);
    address[i].sin_family = AF_INET;
    address[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&address[i]);
    socklen_t size = sizeof address[i];
    good = good && ::bind(fds[i], at, size) == 0 && ::getsockname(fds[i], at, &size) == 0;
  }
  for (int i = 0; i < 2; ++i) {
    const auto* const at = reinterpret_cast<sockaddr*>(&address[1 - i]);
    good = good && ::connect(fds[i], at, sizeof address[0]) == 0;
  }
  return good;
}

// Two connected TCP sockets.
bool tcp_pair(int fds[2]) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const at = reinterpret_cast<sockaddr*>(&address);
  fds[0] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  fds[1] = -1;
  if (::bind(listener, at, size) == 0 && ::listen(listener, 1) == 0 &&
      ::getsockname(listener, at, &size) == 0 && ::connect(fds[0], at, size) == 0) {
    fds[1] = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    ::fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK);
  }
  ::close(listener);
  return fds[1] >= 0;
}

bool open_fifo(int flags, int fds[2]) {
  // sendfile looks at how far the file system goes, even if it is that of a FIFO; where pipes are
  // it goes as far as here.
  char path[] = "/dev/shm/fuzz-XXXXXX";
  const int file = ::mkstemp(path);
  ::close(file);
  ::unlink(path);
  if (file < 0 || ::mkfifo(path, 0600) != 0) return false;
  const int first = ::open(path, O_RDWR | O_CLOEXEC);
  fds[0] = ::open(path, O_RDONLY | flags);
  fds[1] = ::open(path, O_WRONLY | flags);
  ::close(first);
  ::unlink(path);
  return fds[0] >= 0 && fds[1] >= 0;
}

}  // namespace

// -1 if there are too many.
int Stage::new_object(Object::Kind kind) {
  if (shared_.objects == Shared::kObjects) return -1;
  shared_.object[shared_.objects] = {};
  shared_.object[shared_.objects].kind = kind;
  return shared_.objects++;
}

void Stage::open_var(Var& v, const int fd[2], int object, bool reads, bool writes) {
  v = {{fd[0], fd[1]}, object, reads, writes};
}

void Stage::make_pipe(const Step& step) {
  Var &r = var(step.arg[0]), &w = var(step.arg[1]);
  const int object = r.open() || w.open() || &r == &w ? -1 : new_object(Object::kPipe);
  skipped_ = object < 0;
  if (skipped_) return;
  int fds[2][2];
  both([&](int side) {
    return calls_[side]->pipe2(fds[side], static_cast<int>(step.arg[2]) & (O_NONBLOCK | O_CLOEXEC));
  });
  for (int end = 0; end < 2; ++end) {
    const int fd[] = {fds[kKernel][end], fds[kEngine][end]};
    open_var(end == 0 ? r : w, fd, object, end == 0, end == 1);
  }
}

void Stage::make_fifo(const Step& step) {
  Var &r = var(step.arg[0]), &w = var(step.arg[1]);
  const int object = r.open() || w.open() || &r == &w ? -1 : new_object(Object::kPipe);
  skipped_ = object < 0;
  if (skipped_) return;
  int fds[2][2];
  for (int* pair : fds) {
    if (!open_fifo(static_cast<int>(step.arg[2]) & (O_NONBLOCK | O_CLOEXEC), pair)) {
      end(Verdict::kCutShort);
    }
  }
  for (int end = 0; end < 2; ++end) {
    const int fd[] = {fds[kKernel][end], fds[kEngine][end]};
    open_var(end == 0 ? r : w, fd, object, end == 0, end == 1);
  }
  shared_.object[object].lonely = true;
}

void Stage::make_file(const Step& step) {
  Var& v = var(step.arg[0]);
  const int object = v.open() ? -1 : new_object(Object::kFile);
  skipped_ = object < 0;
  if (skipped_) return;
  size_t size = std::min<size_t>(static_cast<size_t>(step.arg[2]), 300'000);
  const size_t from = take_pattern(size);
  constexpr int kModes[] = {O_RDWR, O_RDWR | O_APPEND, O_RDONLY, O_WRONLY};
  const int mode = kModes[step.arg[1] & 3];
  int fd[2];
  for (int& one : fd) {
    const int first = ::memfd_create("fuzz", MFD_CLOEXEC);
    if (::write(first, pattern() + from, size) != static_cast<ssize_t>(size)) {
      end(Verdict::kCutShort);
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", first);
    one = ::open(path, mode | O_CLOEXEC);
    ::close(first);
  }
  open_var(v, fd, object, mode != O_WRONLY, mode != O_RDONLY);
}

void Stage::make_pair(const Step& step) {
  Var &a = var(step.arg[0]), &b = var(step.arg[1]);
  constexpr Object::Kind kKinds[] = {Object::kStream, Object::kDatagram, Object::kTcp,
                                     Object::kDatagram, Object::kDatagram};
  constexpr int kTypes[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
  const int64_t kind = std::clamp<int64_t>(step.arg[2], 0, 4);
  const int first = a.open() || b.open() || &a == &b || shared_.objects + 2 > Shared::kObjects
                        ? -1
                        : new_object(kKinds[kind]);
  skipped_ = first < 0;
  if (skipped_) return;
  const int second = new_object(kKinds[kind]);
  shared_.object[first].peer = second;
  shared_.object[second].peer = first;
  for (const int object : {first, second}) {
    shared_.object[object].sequenced = kind == 3;
    shared_.object[object].inet = kind == 4;
  }
  int fds[2][2];
  for (int* pair : fds) {
    const int type = kTypes[kind] | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const bool made = kind == 2   ? tcp_pair(pair)
                      : kind == 4 ? udp_pair(pair)
                                  : ::socketpair(AF_UNIX, type, 0, pair) == 0;
    if (!made) end(Verdict::kCutShort);
  }
  for (int i = 0; i < 2; ++i) {
    const int fd[] = {fds[kKernel][i], fds[kEngine][i]};
    open_var(i == 0 ? a : b, fd, i == 0 ? first : second, true, true);
  }
}

void Stage::make_device(const Step& step) {
  Var& v = var(step.arg[0]);
  const int object = v.open() ? -1 : new_object(Object::kDevice);
  skipped_ = object < 0;
  if (skipped_) return;
  shared_.object[object].endless = step.arg[1] != 0;
  const char* path = step.arg[1] != 0 ? "/dev/zero" : "/dev/null";
  const int fd[] = {::open(path, O_RDWR | O_CLOEXEC), ::open(path, O_RDWR | O_CLOEXEC)};
  open_var(v, fd, object, true, true);
}

void Stage::make_epoll(const Step& step) {
  Var& v = var(step.arg[0]);
  const int object = v.open() ? -1 : new_object(Object::kEpoll);
  skipped_ = object < 0;
  if (skipped_) return;
  const int fd[] = {::epoll_create1(EPOLL_CLOEXEC), ::epoll_create1(EPOLL_CLOEXEC)};
  open_var(v, fd, object, false, false);
}

void Stage::dup(const Step& step) {
  const Var from = var(step.arg[0]);
  Var& to = var(step.arg[1]);
  skipped_ = to.open();
  if (skipped_) return;
  int fd[2];
  const Answer answers[] = {
      call(kKernel, [&](int side) { return fd[side] = calls_[side]->dup(from.fd[side]); }),
      call(kEngine, [&](int side) { return fd[side] = calls_[side]->dup(from.fd[side]); })};
  // Which number it is differs, of course.
  if ((fd[0] < 0) != (fd[1] < 0) || answers[0].error != answers[1].error) agree(answers);
  if (fd[0] >= 0) open_var(to, fd, from.object, from.reads, from.writes);
}

void Stage::dup2(const Step& step) {
  const Var from = var(step.arg[0]);
  Var& to = var(step.arg[1]);
  skipped_ = !to.open();
  if (skipped_) return;
  both([&](int side) {
    const int n = calls_[side]->dup2(from.fd[side], to.fd[side]);
    return n == to.fd[side] ? 0 : n;
  });
  if (from.open()) open_var(to, to.fd, from.object, from.reads, from.writes);
}

void Stage::close(Var& v) {
  // What is under way to a terminal is lost with the end that it came from, or it is not.
  if (v.open() && object_of(v).terminal) {
    if (Var* const other = other_end(v); other != nullptr) arrive(*other);
  }
  both([&](int side) { return calls_[side]->close(v.fd[side]); });
  v = {};
}

void Stage::send_fd(const Step& step) {
  const Var from = var(step.arg[0]);
  Var& to = var(step.arg[1]);
  skipped_ = to.open() || !from.open();
  if (skipped_) return;
  int fd[2] = {-1, -1};
  for (int side = 0; side < 2; ++side) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) end(Verdict::kCutShort);
    DescriptorMessage sent(from.fd[side]);
    calls_[side]->sendmsg(pair[0], sent.header(), 0);
    DescriptorMessage received;
    if (::recvmsg(pair[1], received.header(), MSG_CMSG_CLOEXEC) != 1) {
      differ("no descriptor received");
    }
    fd[side] = received.descriptor();
    for (int one : pair) calls_[side]->close(one);
  }
  open_var(to, fd, from.object, from.reads, from.writes);
  shared_.object[from.object].exposed = true;
}

}  // namespace fuzz
