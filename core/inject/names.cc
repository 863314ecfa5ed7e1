#include "core/inject/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/base/text.h"
#include "core/inject/generator.h"
#include "core/inject/process.h"
#include "core/sys/files.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"

namespace anysplice::inject {
namespace {

// Longer paths are not known by name. Not larger: it may be the stack of a signal handler.
constexpr size_t kPathSize = 1024;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

// A pattern without a slash is about the last part of the path.
bool path_matches(const char* pattern, int fd) {
  char path[kPathSize];
  if (!files::path_of(fd, path, sizeof(path))) return false;
  const char* slash = strrchr(path, '/');
  const bool whole = strchr(pattern, '/') != nullptr || slash == nullptr;
  return matches(pattern, whole ? path : slash + 1);
}

bool is_mapped_v4(const in6_addr& address) {
  constexpr unsigned char kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return memcmp(&address, kPrefix, sizeof(kPrefix)) == 0;
}

// As HOST:PORT, with brackets around what has colons of its own.
bool internet_text(const Address& address, char (&text)[sizeof(sockaddr_un)]) {
  text[0] = '\0';
  char host[INET6_ADDRSTRLEN] = "";
  in_port_t port;
  if (address.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
    port = address.v4.sin_port;
  } else if (address.any.sa_family == AF_INET6) {
    const bool v4 = is_mapped_v4(address.v6.sin6_addr);
    const auto* const bytes = reinterpret_cast<const unsigned char*>(&address.v6.sin6_addr);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, host, sizeof(host));
    port = address.v6.sin6_port;
    if (!v4) append_text(text, "[");
  } else {
    return false;
  }
  append_text(text, host);
  append_text(text, text[0] == '[' ? "]:" : ":");
  append_number(text, ntohs(port));
  return true;
}

// A name in the file system; with an @ in front, one that is not.
bool local_text(const Address& address, socklen_t size, char (&text)[sizeof(sockaddr_un)]) {
  constexpr size_t kBefore = offsetof(sockaddr_un, sun_path);
  if (address.any.sa_family != AF_UNIX || size <= kBefore) return false;
  const size_t length = size - kBefore < sizeof(text) ? size - kBefore : sizeof(text) - 1;
  memcpy(text, address.local.sun_path, length);
  text[length] = '\0';
  if (text[0] == '\0') text[0] = '@';
  return true;
}

bool side_matches(const EndName& name, int fd, decltype(Sys::getpeername) ask) {
  Address address{};
  socklen_t size = sizeof(address);
  if (ask(fd, &address.any, &size) != 0 || size > sizeof(address)) return false;
  char text[sizeof(sockaddr_un)];
  return (name.what == NameOf::kUnix ? local_text(address, size, text)
                                     : internet_text(address, text)) &&
         matches(name.pattern, text);
}

// Either side of a connection may be named: of a server the port is its own.
bool address_matches(const EndName& name, int fd) {
  const int type = sockets::option(fd, SO_TYPE, -1);
  if (name.what == NameOf::kTcp && type != SOCK_STREAM) return false;
  if (name.what == NameOf::kUdp && type != SOCK_DGRAM) return false;
  return side_matches(name, fd, sys->getpeername) || side_matches(name, fd, sys->getsockname);
}

bool is_called(const EndName& name, int fd) {
  switch (name.what) {
    case NameOf::kPath:
      return path_matches(name.pattern, fd);
    case NameOf::kNumber:
      return number_in_caller(fd) == name.number;
    default:
      return address_matches(name, fd);
  }
}

}  // namespace

bool matches(const char* pattern, const char* text) {
  // Where to go on if what follows the last star does not match: with one more character in it.
  const char* star = nullptr;
  const char* rest = nullptr;
  while (*text != '\0') {
    if (*pattern == '*') {
      star = ++pattern;
      rest = text;
    } else if (*pattern == '?' || *pattern == *text) {
      ++pattern;
      ++text;
    } else if (star != nullptr) {
      pattern = star;
      text = ++rest;
    } else {
      return false;
    }
  }
  while (*pattern == '*') ++pattern;
  return *pattern == '\0';
}

bool has_name(const Plan& plan, EndNames names, int fd, Kinds kind) {
  for (; names != 0; names &= names - 1) {
    const EndName& name = plan.name[__builtin_ctz(names)];
    if ((name.kinds & kind) != 0 && is_called(name, fd)) return true;
  }
  return false;
}

uint64_t file_identity(int fd) {
  struct stat st;
  if (sys->fstat(fd, &st) != 0) return 0;
  return mix(mix(0, static_cast<uint64_t>(st.st_dev)), static_cast<uint64_t>(st.st_ino));
}

}  // namespace anysplice::inject
