// The making half of World: descriptors of every kind.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tools/conform/cases/world.h"

namespace oracle {
namespace {

sockaddr_in loopback() {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Binds to a free port of the loopback address and tells which.
sockaddr_in bind_somewhere(int fd) {
  sockaddr_in address = loopback();
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return address;
}

int connect_to(int fd, sockaddr_in address) {
  return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

}  // namespace

void fill_socket(int fd) {
  const std::string data(4096, 's');
  while (::send(fd, data.data(), data.size(), MSG_DONTWAIT) > 0) continue;
}

int World::keep(int fd) {
  if (fd >= 0) open_.push_back(fd);
  return fd;
}

void World::forget(int fd) {
  const auto it = std::find(open_.begin(), open_.end(), fd);
  if (it != open_.end()) open_.erase(it);
}

void World::fresh() {
  for (int fd : open_) sys.close(fd);
  open_.clear();
}

Pipe World::pipe(int flags) {
  int fds[2];
  if (sys.pipe2(fds, flags | O_CLOEXEC) != 0) {
    skip((flags & O_DIRECT) != 0 ? "no pipes of packets (see --skip=kind=packets)" : "no pipe");
  }
  return {keep(fds[0]), keep(fds[1])};
}

Pipe World::pipe_of(std::string_view data, int flags) {
  const Pipe p = pipe(flags);
  sys.write(p.w, data.data(), data.size());
  return p;
}

Pipe World::full_pipe(int flags) {
  const Pipe p = pipe(flags);
  const std::string page = bytes(kPage, 7);
  for (int left = sys.fcntl(p.w, F_GETPIPE_SZ, 0); left > 0; left -= static_cast<int>(kPage)) {
    sys.write(p.w, page.data(), page.size());
  }
  return p;
}

Pipe World::fifo(int read_flags, int write_flags) {
  const std::string path = std::string(directory_) + "/fifo-" + std::to_string(getpid());
  ::mkfifo(path.c_str(), 0600);
  // A reader that does not wait for the writer, then both as asked for.
  const int first = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const int r = ::open(path.c_str(), read_flags | O_CLOEXEC);
  const int w = ::open(path.c_str(), write_flags | O_CLOEXEC);
  ::close(first);
  ::unlink(path.c_str());
  return {keep(r), keep(w)};
}

int World::file(std::string_view content, int flags) {
  std::string path = std::string(directory_) + "/file-XXXXXX";
  const int first = ::mkstemp(path.data());
  for (size_t done = 0; done < content.size();) {
    const ssize_t n = ::write(first, content.data() + done, content.size() - done);
    if (n <= 0) skip("no room for a file");
    done += n;
  }
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  ::close(first);
  ::unlink(path.c_str());
  return keep(fd);
}

int World::open(const char* path, int flags) { return keep(::open(path, flags | O_CLOEXEC)); }

Pair World::sockets(int type, int flags) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | flags | SOCK_CLOEXEC, 0, fds) != 0) skip("no unix sockets");
  return {keep(fds[0]), keep(fds[1])};
}

Pair World::tcp(int flags) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = bind_somewhere(listener);
  ::listen(listener, 1);
  const int a = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect_to(a, address) != 0) skip("no TCP over loopback");
  const int b = ::accept4(listener, nullptr, nullptr, flags | SOCK_CLOEXEC);
  ::close(listener);
  if ((flags & SOCK_NONBLOCK) != 0) ::fcntl(a, F_SETFL, O_RDWR | O_NONBLOCK);
  return {keep(a), keep(b)};
}

Pair World::udp() {
  const int a = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int b = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at_a = bind_somewhere(a), at_b = bind_somewhere(b);
  if (connect_to(a, at_b) != 0 || connect_to(b, at_a) != 0) skip("no UDP over loopback");
  return {keep(a), keep(b)};
}

}  // namespace oracle
