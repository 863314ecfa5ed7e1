#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/calls/engine.h"
#include "errors.h"
#include "inject.h"

namespace faults {
namespace {

constexpr size_t kStream = 4 << 20;

// A stream of bytes of which no two stretches of sixteen are alike.
std::string make_stream() {
  std::string bytes(kStream, '\0');
  uint64_t state = 88172645463325252u;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state >> 32);
  }
  return bytes;
}

const std::string stream = make_stream();

// Both ends of a TCP connection over loopback.
void connect_tcp(int ends[2]) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ends[0] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, any, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, any, &size) != 0 || connect(ends[0], any, size) != 0) {
    abort();
  }
  ends[1] = accept(listener, nullptr, nullptr);
  ::close(listener);
}

}  // namespace

std::vector<Scenario>& scenarios() {
  static std::vector<Scenario> all;
  return all;
}

void World::wrong(const std::string& what) {
  if (verdict_.empty()) verdict_ = what;
}

bool World::complained() {
  struct stat st;
  return fstat(2, &st) == 0 && st.st_size > 0;
}

std::string_view World::next(size_t length) {
  used_ += length;
  return std::string_view(stream).substr(used_ - length, length);
}

Box& World::add(Box box) {
  boxes_.push_back(std::move(box));
  return boxes_.back();
}

Box& World::pipe(int flags) {
  int ends[2];
  if ((flags == 0 ? anysplice::pipe(ends) : anysplice::pipe2(ends, flags)) != 0) throw Over{};
  return add({"pipe", Box::kPipe, ends[0], ends[1]});
}

Box& World::stranger(int flags) {
  int ends[2];
  if (::pipe2(ends, flags) != 0) abort();
  return add({"pipe from outside", Box::kPipe, ends[0], ends[1]});
}

Box& World::fifo() {
  char name[] = "/tmp/anysplice-faults.XXXXXX";
  if (mkdtemp(name) == nullptr) abort();
  const std::string path = std::string(name) + "/fifo";
  if (mkfifo(path.c_str(), 0600) != 0) abort();
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  ::fcntl(reader, F_SETFL, 0);
  unlink(path.c_str());
  rmdir(name);
  return add({"FIFO", Box::kPipe, reader, writer});
}

Box& World::source(size_t bytes, const char* folder) {
  const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  const std::string_view content = next(bytes);
  if (::pwrite(fd, content.data(), bytes, 0) != static_cast<ssize_t>(bytes)) abort();
  return add({"source file", Box::kSource, fd, -1, false, std::string(content)});
}

Box& World::sink() {
  const int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) abort();
  return add({"sink file", Box::kSink, fd, fd});
}

Box& World::socket(int type) {
  int ends[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) abort();
  return add({"socket", type == SOCK_STREAM ? Box::kSocket : Box::kMessages, ends[0], ends[1]});
}

Box& World::tcp() {
  int ends[2];
  connect_tcp(ends);
  return add({"TCP socket", Box::kSocket, ends[0], ends[1]});
}

Box& World::talking(int type, size_t bytes) {
  Box& box = socket(type);
  put_in(box, bytes);
  return box;
}

Box& World::talking_tcp(size_t bytes) {
  Box& box = tcp();
  put_in(box, bytes);
  return box;
}

Box& World::device(const char* path) {
  const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) abort();
  return add({path, Box::kSource, fd, fd, true});
}

void World::put_in(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  if (::write(to.in, bytes.data(), length) != static_cast<ssize_t>(length)) abort();
  to.account += bytes;
}

void World::took(Box& from, std::string_view bytes) { arrived("somebody", 0, from, bytes); }

ssize_t World::moved(const char* call, ssize_t n, size_t length, Box* from, Box* to, bool copy) {
  if (n < 0) {
    if (!family_may_give(errno)) wrong(std::string(call) + " gives " + strerror(errno));
    return n;
  }
  const auto count = static_cast<size_t>(n);
  if (count > length) wrong(std::string(call) + " moved more than asked for");
  if (!from->loses && count > from->account.size()) {
    wrong(std::string(call) + " moved bytes that are not there");
  }
  if (!to->loses && !from->loses) to->account += from->account.substr(0, count);
  if (!copy) from->account.erase(0, count);
  return n;
}

ssize_t World::arrived(const char* call, ssize_t n, Box& from, std::string_view bytes) {
  if (n < 0) return n;
  if (from.account.compare(0, bytes.size(), bytes) != 0) {
    wrong(std::string(call) + ": " +
          diagnosis(std::string_view(from.account).substr(0, bytes.size()), bytes));
  }
  from.account.erase(0, bytes.size());
  return n;
}

ssize_t World::written(Box& to, ssize_t n, std::string_view bytes) {
  if (n >= 0) to.account += bytes.substr(0, static_cast<size_t>(n));
  // What was not taken is the next to be written.
  used_ -= bytes.size() - static_cast<size_t>(std::max<ssize_t>(n, 0));
  return n;
}

ssize_t World::splice(Box& from, Box& to, size_t length, unsigned flags, off64_t* off_in,
                      off64_t* off_out) {
  return moved("splice", anysplice::splice(from.out, off_in, to.in, off_out, length, flags), length,
               &from, &to);
}

ssize_t World::tee(Box& from, Box& to, size_t length, unsigned flags) {
  return moved("tee", anysplice::tee(from.out, to.in, length, flags), length, &from, &to, true);
}

ssize_t World::sendfile(Box& to, Box& from, size_t length, off64_t* offset) {
  return moved("sendfile", anysplice::sendfile(to.in, from.out, offset, length), length, &from,
               &to);
}

ssize_t World::vmsplice_in(Box& to, size_t length, unsigned flags) {
  const std::string_view bytes = next(length);
  const iovec iov[] = {{const_cast<char*>(bytes.data()), length / 3},
                       {const_cast<char*>(bytes.data()) + length / 3, length - length / 3}};
  const ssize_t n = anysplice::vmsplice(to.in, iov, 2, flags);
  if (n < 0 && !family_may_give(errno)) wrong(std::string("vmsplice gives ") + strerror(errno));
  return written(to, n, bytes);
}

ssize_t World::vmsplice_out(Box& from, size_t length, unsigned flags) {
  std::string bytes(length, '\0');
  const iovec iov[] = {{bytes.data(), length / 3},
                       {bytes.data() + length / 3, length - length / 3}};
  const ssize_t n = anysplice::vmsplice(from.out, iov, 2, flags);
  if (n < 0 && !family_may_give(errno)) wrong(std::string("vmsplice gives ") + strerror(errno));
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("vmsplice", n, from, bytes);
}

ssize_t World::write(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  return written(to, anysplice::write(to.in, bytes.data(), length), bytes);
}

ssize_t World::writev(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  const iovec iov[] = {{const_cast<char*>(bytes.data()), length / 2},
                       {const_cast<char*>(bytes.data()) + length / 2, length - length / 2}};
  return written(to, anysplice::writev(to.in, iov, 2), bytes);
}

ssize_t World::pwritev2(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  const iovec iov{const_cast<char*>(bytes.data()), length};
  return written(to, anysplice::pwritev2(to.in, &iov, 1, -1, 0), bytes);
}

ssize_t World::read(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const ssize_t n = anysplice::read(from.out, bytes.data(), length);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("read", n, from, bytes);
}

ssize_t World::readv(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const iovec iov[] = {{bytes.data(), length / 2},
                       {bytes.data() + length / 2, length - length / 2}};
  const ssize_t n = anysplice::readv(from.out, iov, 2);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("readv", n, from, bytes);
}

ssize_t World::preadv2(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const iovec iov{bytes.data(), length};
  const ssize_t n = anysplice::preadv2(from.out, &iov, 1, -1, 0);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("preadv2", n, from, bytes);
}

void World::close(int& fd) {
  anysplice::close(fd);
  fd = -1;
}

std::string World::diagnosis(std::string_view want, std::string_view got) {
  const size_t at = static_cast<size_t>(
      std::mismatch(want.begin(), want.end(), got.begin(), got.end()).first - want.begin());
  const std::string where = " at byte " + std::to_string(at) + " of " +
                            std::to_string(want.size()) + ", " + std::to_string(got.size()) +
                            " there";
  if (at == got.size()) return "bytes lost" + where;
  const std::string_view sample = got.substr(at, 16);
  const size_t place = stream.find(sample);
  if (sample.size() < 8 || place == std::string::npos) return "wrong bytes" + where;
  const size_t due = at < want.size() ? stream.find(want.substr(at, 16)) : kStream;
  return (place > due ? "bytes lost or overtaken" : "bytes doubled") + where;
}

// Compares what is in a box with its account. The descriptor that bytes come out of is still open.
void World::empty(Box& box) {
  std::string got;
  char buffer[65536];
  off64_t at = box.kind == Box::kSource ? ::lseek64(box.out, 0, SEEK_CUR) : 0;
  const auto more = [&]() -> ssize_t {
    switch (box.kind) {
      case Box::kPipe: {
        // What another thread can read of it, without waiting for what is not there.
        pollfd p{box.out, POLLIN, 0};
        if (anysplice::poll(&p, 1, 0) <= 0 || (p.revents & POLLIN) == 0) return 0;
        return anysplice::read(box.out, buffer, sizeof(buffer));
      }
      case Box::kSource:
      case Box::kSink: {
        const ssize_t n = ::pread(box.out, buffer, sizeof(buffer), at);
        at += std::max<ssize_t>(n, 0);
        return n;
      }
      default: {
        // Bytes over loopback may take a moment; of what must not be there none is waited for.
        pollfd p{box.out, POLLIN, 0};
        if (::poll(&p, 1, got.size() < box.account.size() ? 1000 : 0) <= 0) return 0;
        return ::recv(box.out, buffer, sizeof(buffer), MSG_DONTWAIT);
      }
    }
  };
  for (ssize_t n; (n = more()) > 0;) got.append(buffer, static_cast<size_t>(n));
  if (got != box.account) wrong(std::string(box.name) + ": " + diagnosis(box.account, got));
  // And it must be of use still.
  if (box.kind == Box::kPipe && box.in >= 0) {
    char byte = 0;
    if (anysplice::write(box.in, "x", 1) != 1 || anysplice::read(box.out, &byte, 1) != 1 ||
        byte != 'x') {
      wrong(std::string(box.name) + ": of no use any more");
    }
  }
}

void World::settle_accounts() {
  for (Box& box : boxes_) {
    if (!box.loses && box.out >= 0) empty(box);
  }
}

}  // namespace faults
