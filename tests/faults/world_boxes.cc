// The making half of World: boxes of every kind.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "core/calls/engine.h"
#include "world.h"

namespace faults {
namespace {

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

}  // namespace faults
