#include "tools/bench/peers.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/fd/own_description.h"
#include "tools/bench/placement.h"

namespace anysplice::tools::bench {
namespace {

constexpr size_t kPeerBuffer = size_t{256} * 1024;

std::vector<pid_t>& peers() {
  static std::vector<pid_t> living;
  return living;
}

template <typename Loop>
Peer peer(decltype(Calls::fork) fork, Loop loop) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) return Peer(pid);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  place_peer();
  if (getppid() == parent) loop(std::vector<char>(kPeerBuffer, 'x').data());
  _exit(0);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Fd::~Fd() {
  // The engine remembers what it saw behind a number until it sees the close.
  if (fd_ >= 0) anysplice::close(fd_);
}

int Fd::release() { return std::exchange(fd_, -1); }

Fd just_made(int fd) {
  if (fd >= 0) own_description::note_made(fd);
  return Fd(fd);
}

Fd temporary_file() {
  const char* folder = secure_getenv("TMPDIR");
  std::string path = absl::StrCat(folder != nullptr && *folder == '/' ? folder : "/tmp",
                                  "/anysplice-bench-XXXXXX");
  Fd file = just_made(mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0) return file;
  unlink(path.c_str());
  const std::vector<char> block(1 << 20, 'x');
  for (size_t done = 0; done < kFileSize;) {
    const ssize_t n = ::write(file.get(), block.data(), block.size());
    if (n <= 0) return Fd();
    done += static_cast<size_t>(n);
  }
  return file;
}

Sockets tcp_connection(bool delay) {
  Sockets none;
  const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Fd near = just_made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (bind(listener.get(), generic, size) != 0 || listen(listener.get(), 1) != 0 ||
      getsockname(listener.get(), generic, &size) != 0 || connect(near.get(), generic, size) != 0) {
    return none;
  }
  Fd far = just_made(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const int on = delay ? 0 : 1;
  for (const Fd* fd : {&near, &far}) {
    setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  return {std::move(near), std::move(far)};
}

Peer::Peer(pid_t pid) : pid_(pid) {
  if (pid > 0) peers().push_back(pid);
}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Peer::~Peer() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  std::erase(peers(), pid_);
}

absl::Span<const pid_t> living_peers() { return peers(); }

Peer reading_peer(int fd, decltype(Calls::fork) fork) {
  return peer(fork, [fd](char* buffer) {
    while (::read(fd, buffer, kPeerBuffer) > 0) {
    }
  });
}

Peer writing_peer(int fd, decltype(Calls::fork) fork) {
  return peer(fork, [fd](char* buffer) {
    while (::write(fd, buffer, kPeerBuffer) > 0) {
    }
  });
}

}  // namespace anysplice::tools::bench
