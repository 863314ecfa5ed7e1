#include "tools/conform/cases/ends.h"

#include <limits.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include <stdexcept>

namespace oracle {
namespace {

constexpr int kSourceBytes = 100;
constexpr int kFileBytes = 1000;

End pipe_read(World& w, int flags = 0) {
  const Pipe p = w.pipe_of(bytes(kSourceBytes, 3), flags);
  return {p.r, [&w, p] { w.rest("pipe", p.r); }};
}

End pipe_write(World& w, int flags = 0) {
  const Pipe p = w.pipe(flags);
  return {p.w, [&w, p] { w.rest("pipe", p.r); }};
}

End file_at(World& w, int flags, int position) {
  const int fd = w.file(bytes(kFileBytes, 4), flags);
  if (position > 0) lseek(fd, position, SEEK_SET);
  return {fd, [&w, fd] { w.content("file", fd); }};
}

End memfd(World& w, unsigned seals) {
  const int fd = w.keep(memfd_create("oracle", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const std::string data = bytes(kFileBytes, 5);
  if (::write(fd, data.data(), data.size()) < 0) w.note("no memfd");
  lseek(fd, 0, SEEK_SET);
  ::fcntl(fd, F_ADD_SEALS, seals);
  return {fd, [&w, fd] { w.content("memfd", fd); }};
}

// A socket with bytes to read; what it sends is looked at from the other side.
End socket_end(World& w, Pair pair, bool loaded = true) {
  const std::string data = bytes(kSourceBytes, 6);
  if (loaded && ::send(pair.b, data.data(), data.size(), 0) < 0) w.note("cannot send");
  return {pair.a, [&w, pair] {
            w.received("left", pair.a);
            // Whatever is kept back for more to come goes out with the end.
            ::shutdown(pair.a, SHUT_WR);
            w.received("sent", pair.b);
          }};
}

End tcp_with_dead_peer(World& w) {
  const Pair pair = w.tcp();
  w.forget(pair.b);
  ::close(pair.b);
  return {pair.a};
}

End listening(World& w) {
  const int fd = w.keep(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ::listen(fd, 1);
  return {fd};
}

End terminal(World& w, bool master_side) {
  const int master = w.keep(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  char name[64];
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
      ptsname_r(master, name, sizeof name) != 0) {
    w.note("no terminal here");
    return {-1};
  }
  const int slave = w.open(name, O_RDWR | O_NOCTTY);
  termios raw = {};
  tcgetattr(slave, &raw);
  cfmakeraw(&raw);
  tcsetattr(slave, TCSANOW, &raw);
  const int fd = master_side ? master : slave, other = master_side ? slave : master;
  if (::write(other, "typed in\n", 9) != 9) w.note("terminal takes nothing");
  // A worker of the kernel carries the bytes over.
  pollfd arrival = {fd, POLLIN, 0};
  ::poll(&arrival, 1, 1000);
  return {fd, [&w, fd, other] {
            for (int side : {fd, other}) {
              std::string all, chunk(4096, '\0');
              pollfd p = {side, POLLIN, 0};
              while (::poll(&p, 1, side == other ? 30 : 0) > 0) {
                const ssize_t n = ::read(side, chunk.data(), chunk.size());
                if (n <= 0) break;
                all.append(chunk, 0, n);
              }
              w.note("terminal %s: %s", side == fd ? "left" : "got", describe(all).c_str());
            }
          }};
}

// A number that nothing else in the case will get.
End closed(World& w) {
  const int fd = w.sys.fcntl(w.pipe().r, F_DUPFD_CLOEXEC, 900);
  w.sys.close(fd);
  return {fd};
}

End unconnected(World& w, int domain, int type) {
  return {w.keep(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
}

End pipe_full(World& w) {
  const Pipe p = w.full_pipe();
  return {p.w, [&w, p] { w.rest("pipe", p.r); }};
}

End pipe_without_reader(World& w) {
  const Pipe p = w.pipe();
  w.forget(p.r);
  w.sys.close(p.r);
  return {p.w};
}

End pipe_at_end(World& w) {
  const Pipe p = w.pipe();
  w.forget(p.w);
  w.sys.close(p.w);
  return {p.r};
}

End fifo_end(World& w, bool read_end) {
  const Pipe p = w.fifo();
  const std::string data = bytes(kSourceBytes, 8);
  if (read_end && ::write(p.w, data.data(), data.size()) < 0) w.note("no FIFO");
  return {read_end ? p.r : p.w, [&w, p] { w.rest("fifo", p.r); }};
}

End fifo_both(World& w) {
  const Pipe p = w.fifo(O_RDWR);
  const std::string data = bytes(kSourceBytes, 8);
  if (::write(p.w, data.data(), data.size()) < 0) w.note("no FIFO");
  return {p.r, [&w, p] { w.rest("fifo", p.r); }};
}

End signal_descriptor(World& w) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  return {w.keep(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK))};
}

// Everything the device or special file can be asked for is the call's own answer.
template <int kFlags>
End opened(World& w, const char* path) {
  return {w.open(path, kFlags)};
}

}  // namespace

bool (*leaves_out_end)(const char* name);
bool leaves_out_far;

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"pipe read end", [](World& w) { return pipe_read(w); }},
      {"pipe read end, O_NONBLOCK", [](World& w) { return pipe_read(w, O_NONBLOCK); }},
      {"pipe read end, O_DIRECT", [](World& w) { return pipe_read(w, O_DIRECT); }},
      {"pipe read end, empty", [](World& w) { return End{w.pipe().r}; }},
      {"pipe read end, at its end", pipe_at_end},
      {"pipe write end", [](World& w) { return pipe_write(w); }},
      {"pipe write end, O_DIRECT", [](World& w) { return pipe_write(w, O_DIRECT); }},
      {"pipe write end, full", pipe_full},
      {"pipe write end, no reader", pipe_without_reader},
      {"FIFO read end", [](World& w) { return fifo_end(w, true); }},
      {"FIFO write end", [](World& w) { return fifo_end(w, false); }},
      {"FIFO opened O_RDWR", fifo_both},
      {"file", [](World& w) { return file_at(w, O_RDWR, 10); }},
      {"file, at its end", [](World& w) { return file_at(w, O_RDWR, kFileBytes); }},
      {"file, beyond its end", [](World& w) { return file_at(w, O_RDWR, kFileBytes + 50); }},
      {"file, O_RDONLY", [](World& w) { return file_at(w, O_RDONLY, 10); }},
      {"file, O_WRONLY", [](World& w) { return file_at(w, O_WRONLY, 10); }},
      {"file, O_APPEND", [](World& w) { return file_at(w, O_RDWR | O_APPEND, 10); }},
      {"file, O_APPEND O_RDONLY", [](World& w) { return file_at(w, O_RDONLY | O_APPEND, 0); }},
      {"file, O_APPEND O_WRONLY", [](World& w) { return file_at(w, O_WRONLY | O_APPEND, 0); }},
      {"file, O_DSYNC", [](World& w) { return file_at(w, O_RDWR | O_DSYNC, 0); }},
      {"file, O_PATH", [](World& w) { return file_at(w, O_PATH, 0); }},
      {"directory", [](World& w) { return opened<O_RDONLY | O_DIRECTORY>(w, "/"); }},
      {"memfd", [](World& w) { return memfd(w, 0); }},
      {"memfd, no writing", [](World& w) { return memfd(w, F_SEAL_WRITE); }},
      {"memfd, no growing", [](World& w) { return memfd(w, F_SEAL_GROW); }},
      {"unix stream", [](World& w) { return socket_end(w, w.sockets(SOCK_STREAM)); }},
      {"unix stream, empty",
       [](World& w) { return socket_end(w, w.sockets(SOCK_STREAM, SOCK_NONBLOCK), false); }},
      {"unix datagram", [](World& w) { return socket_end(w, w.sockets(SOCK_DGRAM)); }},
      {"unix seqpacket", [](World& w) { return socket_end(w, w.sockets(SOCK_SEQPACKET)); }},
      {"unix stream, unconnected", [](World& w) { return unconnected(w, AF_UNIX, SOCK_STREAM); }},
      {"unix datagram, unconnected", [](World& w) { return unconnected(w, AF_UNIX, SOCK_DGRAM); }},
      {"TCP", [](World& w) { return socket_end(w, w.tcp()); }},
      {"TCP, empty", [](World& w) { return socket_end(w, w.tcp(SOCK_NONBLOCK), false); }},
      {"TCP, peer gone", tcp_with_dead_peer},
      {"TCP, unconnected", [](World& w) { return unconnected(w, AF_INET, SOCK_STREAM); }},
      {"TCP, listening", listening},
      {"UDP", [](World& w) { return socket_end(w, w.udp()); }},
      {"UDP, unconnected", [](World& w) { return unconnected(w, AF_INET, SOCK_DGRAM); }},
      {"netlink", [](World& w) { return unconnected(w, AF_NETLINK, SOCK_RAW); }},
      {"closed", closed},
      {"-1", [](World&) { return End{-1}; }},
      {"INT_MAX", [](World&) { return End{INT_MAX}; }},
      {"/dev/null", [](World& w) { return opened<O_RDWR>(w, "/dev/null"); }},
      {"/dev/null, O_WRONLY", [](World& w) { return opened<O_WRONLY>(w, "/dev/null"); }},
      {"/dev/zero", [](World& w) { return opened<O_RDWR>(w, "/dev/zero"); }},
      {"/dev/full", [](World& w) { return opened<O_RDWR>(w, "/dev/full"); }},
      {"terminal", [](World& w) { return terminal(w, false); }},
      {"terminal, master side", [](World& w) { return terminal(w, true); }},
      {"eventfd", [](World& w) { return End{w.keep(eventfd(5, EFD_CLOEXEC | EFD_NONBLOCK))}; }},
      {"epoll", [](World& w) { return End{w.keep(epoll_create1(EPOLL_CLOEXEC))}; }},
      {"signalfd", signal_descriptor},
      {"timerfd",
       [](World& w) {
         return End{w.keep(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))};
       }},
      {"inotify", [](World& w) { return End{w.keep(inotify_init1(IN_CLOEXEC | IN_NONBLOCK))}; }},
      {"pidfd",
       [](World& w) {
         return End{w.keep(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)))};
       }},
      {"/proc/version", [](World& w) { return opened<O_RDONLY>(w, "/proc/version"); }},
      {"/proc/filesystems", [](World& w) { return opened<O_RDONLY>(w, "/proc/filesystems"); }},
      {"sysfs file",
       [](World& w) { return opened<O_RDONLY>(w, "/sys/devices/system/cpu/online"); }},
      {"sysctl file", [](World& w) { return opened<O_RDONLY>(w, "/proc/sys/kernel/ostype"); }},
  };
  return table;
}

const Kind& kind(const char* name) {
  for (const Kind& one : kinds()) {
    if (strcmp(one.name, name) == 0) return one;
  }
  throw std::invalid_argument(name);
}

const std::vector<const char*>& refused_files() {
  static const std::vector<const char*> table = {"/proc/self/maps", "/proc/self/comm",
                                                 "/proc/self/stat", "/proc/self/limits",
                                                 "/proc/self/status"};
  return table;
}

}  // namespace oracle
