// The looking half of World: what is left in pipes, files and sockets, told as text.
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tools/conform/cases/world.h"

namespace oracle {

std::string to_string(Offset offset) {
  switch (offset.kind) {
    case Offset::kNull:
      return "null";
    case Offset::kBadAddress:
      return "bad";
    case Offset::kReadOnlyAddress:
      return "ro" + std::to_string(offset.value);
    default:
      return std::to_string(offset.value);
  }
}

void World::append(std::string_view text) {
  const uint32_t used = log_->length;
  const size_t n = std::min<size_t>(text.size(), Log::kRoom - used);
  memcpy(log_->text + used, text.data(), n);
  log_->length = used + static_cast<uint32_t>(n);
}

void World::note(const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  append(std::string("  ") + line + "\n");
}

void World::header(const char* format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  append(std::string("[") + line + "] ");
}

void World::leave_out() {
  header("%s", kLeftOut);
  append("\n");
}

// Asks poll before every read, so a blocking pipe is not waited for and a wrong poll shows.
std::string World::rest(const char* label, int fd) {
  std::string all, chunk(1 << 16, '\0');
  const char* how = "open";
  for (;;) {
    pollfd p = {fd, POLLIN, 0};
    if (sys.poll(&p, 1, 0) <= 0) break;
    const ssize_t n = sys.read(fd, chunk.data(), chunk.size());
    if (n <= 0) {
      how = n == 0 ? "end of file" : errno_name(errno);
      break;
    }
    all.append(chunk, 0, n);
    if (all.size() > (64u << 20)) break;
  }
  note("%s: %s, %s", label, describe(all).c_str(), how);
  return all;
}

void World::packets(const char* label, int fd) {
  std::string all, chunk(1 << 16, '\0');
  for (int i = 0; i < 64; ++i) {
    pollfd p = {fd, POLLIN, 0};
    if (sys.poll(&p, 1, 0) <= 0) break;
    const ssize_t n = sys.read(fd, chunk.data(), chunk.size());
    note("%s packet %d: %s", label, i,
         n < 0 ? errno_name(errno) : describe({chunk.data(), static_cast<size_t>(n)}).c_str());
    if (n <= 0) break;
    all.append(chunk, 0, n);
  }
  note("%s: %s", label, describe(all).c_str());
}

void World::position(const char* label, int fd) {
  note("%s: at %lld", label, static_cast<long long>(lseek(fd, 0, SEEK_CUR)));
}

void World::content(const char* label, int fd) {
  struct stat st = {};
  fstat(fd, &st);
  // Looked at through a second opening: this one may be write-only or O_PATH.
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  std::string all;
  const int reader = ::open(path, O_RDONLY | O_CLOEXEC);
  std::string chunk(1 << 16, '\0');
  for (ssize_t n; (n = ::pread(reader, chunk.data(), chunk.size(), all.size())) > 0;) {
    all.append(chunk, 0, n);
    if (all.size() >= (1u << 20)) break;  // sparse giants: the size says the rest
  }
  ::close(reader);
  note("%s: at %lld, size %lld, %s", label, static_cast<long long>(lseek(fd, 0, SEEK_CUR)),
       static_cast<long long>(st.st_size), describe(all).c_str());
}

void World::received(const char* label, int peer, int patience_ms) {
  int type = 0;
  socklen_t size = sizeof type;
  getsockopt(peer, SOL_SOCKET, SO_TYPE, &type, &size);
  std::string all, chunk(1 << 20, '\0');
  const char* how = "open";
  for (int messages = 0;;) {
    pollfd p = {peer, POLLIN, 0};
    if (::poll(&p, 1, patience_ms) <= 0) break;
    const ssize_t n = ::recv(peer, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n <= 0 && (n < 0 || type != SOCK_DGRAM)) {
      how = n == 0 ? "end of file" : errno_name(errno);
      break;
    }
    if (type != SOCK_STREAM && ++messages <= 40) note("%s message of %zd", label, n);
    all.append(chunk, 0, n);
  }
  note("%s: %s, %s", label, describe(all).c_str(), how);
}

}  // namespace oracle
