#include "tools/supervisor/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "core/sys/sys.h"

namespace anysplice::tools {
namespace {

constexpr int kTries = 16;

thread_local int nameless = -1;
thread_local uint32_t name;

// Where the number is the address of another socket already, the system draws one of these.
uint32_t other_address() {
  constexpr uint32_t kFirst = 0x80000000, kEnd = 0xfffff000;
  uint32_t drawn = 0;
  getrandom(&drawn, sizeof(drawn), GRND_NONBLOCK);
  return kFirst + drawn % (kEnd - kFirst);
}

void give_address(int fd) {
  if (fd != nameless) return;
  nameless = -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = name;
  for (int tries = 0; tries < kTries; ++tries) {
    const auto* const given = reinterpret_cast<const sockaddr*>(&address);
    if (bind(fd, given, sizeof(address)) == 0 || errno != EADDRINUSE) return;
    address.nl_pid = other_address();
  }
}

decltype(Sys::sendmsg) sendmsg_behind;
decltype(Sys::splice) splice_behind;
decltype(Sys::sendfile64) sendfile_behind;

ssize_t sendmsg_from_sender(int fd, const msghdr* message, int flags) {
  give_address(fd);
  return sendmsg_behind(fd, message, flags);
}

ssize_t splice_from_sender(int in, int64_t* in_at, int out, int64_t* out_at, size_t length,
                           unsigned flags) {
  give_address(out);
  return splice_behind(in, in_at, out, out_at, length, flags);
}

ssize_t sendfile_from_sender(int out, int in, int64_t* at, size_t length) {
  give_address(out);
  return sendfile_behind(out, in, at, length);
}

}  // namespace

void give_addresses() {
  sendmsg_behind = std::exchange(sys->sendmsg, sendmsg_from_sender);
  splice_behind = std::exchange(sys->splice, splice_from_sender);
  sendfile_behind = std::exchange(sys->sendfile64, sendfile_from_sender);
}

void set_sender(int fd, Target& target) {
  sockaddr_nl address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.nl_pid != 0) {
    return;
  }
  // As the process itself sees its number: in the innermost namespace.
  const absl::string_view numbers = status_value(target.status(), "NStgid");
  const std::string last(numbers.substr(numbers.rfind('\t') + 1));
  name = static_cast<uint32_t>(strtoul(last.c_str(), nullptr, 10));
  nameless = fd;
}

void clear_sender(int fd) {
  if (fd >= 0 && fd == nameless) nameless = -1;
}

}  // namespace anysplice::tools
