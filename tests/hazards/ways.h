// The ways in which bytes that vmsplice put into a pipe leave it.
#ifndef ANYSPLICE_TESTS_HAZARDS_WAYS_H_
#define ANYSPLICE_TESTS_HAZARDS_WAYS_H_

#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "hazard.h"

namespace hazard {

inline constexpr size_t kPageSize = 4096;
inline constexpr size_t kLength = 3 * kPageSize;

inline void vmsplice_all(int fd, const void* at, size_t length, unsigned flags = 0) {
  const iovec iov{const_cast<void*>(at), length};
  CHECK_EQ(vmsplice(fd, &iov, 1, flags), static_cast<ssize_t>(length));
}

inline std::string by_read(int r, size_t length) { return take(r, length); }

inline std::string by_vmsplice(int r, size_t length) {
  std::string to(length, '\0');
  for (size_t done = 0; done < length;) {
    const iovec iov{to.data() + done, length - done};
    const ssize_t n = vmsplice(r, &iov, 1, 0);
    CHECK(n > 0);
    done += static_cast<size_t>(n);
  }
  return to;
}

inline void splice_all(int r, int to, size_t length) {
  while (length > 0) {
    const ssize_t n = splice(r, nullptr, to, nullptr, length, 0);
    CHECK(n > 0);
    length -= static_cast<size_t>(n);
  }
}

inline std::string to_file(int r, size_t length) {
  const int file = file_of("");
  splice_all(r, file, length);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  std::string bytes = take(file, length);
  close(file);
  return bytes;
}

inline std::string to_socket(int r, size_t length, int in, int out) {
  std::string bytes;
  while (bytes.size() < length) {
    const size_t n = std::min<size_t>(length - bytes.size(), kPageSize);
    splice_all(r, in, n);
    bytes += take(out, n);
  }
  close(in);
  close(out);
  return bytes;
}

inline std::string to_unix_socket(int r, size_t length) {
  int s[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  return to_socket(r, length, s[0], s[1]);
}

inline std::string to_messages(int r, size_t length) {
  int s[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
  return to_socket(r, length, s[0], s[1]);
}

inline std::string to_tcp(int r, size_t length) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  CHECK_EQ(bind(listener, reinterpret_cast<sockaddr*>(&where), size), 0);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size), 0);
  const int in = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_EQ(connect(in, reinterpret_cast<sockaddr*>(&where), size), 0);
  const int out = accept(listener, nullptr, nullptr);
  close(listener);
  return to_socket(r, length, in, out);
}

inline std::string by_pipe(int r, size_t length) {
  const Pipe other;
  splice_all(r, other.w, length);
  return take(other.r, length);
}

// A pipe whose bytes are in the kernel.
inline std::string to_watched_pipe(int r, size_t length) {
  const Pipe other;
  CHECK_EQ(ready(other.r, 1, 1), 0);
  splice_all(r, other.w, length);
  return take(other.r, length);
}

inline std::string by_two_tees(int r, size_t length) {
  const Pipe a;
  const Pipe b;
  CHECK_EQ(tee(r, a.w, length, 0), static_cast<ssize_t>(length));
  CHECK_EQ(tee(a.r, b.w, length, 0), static_cast<ssize_t>(length));
  const std::string bytes = take(r, length);
  CHECK(take(a.r, length) == bytes);
  CHECK(to_file(b.r, length) == bytes);
  return bytes;
}

inline std::string after_settling(int r, size_t length) {
  const Pipe empty;
  CHECK_EQ(ready(r, 4, 1), 0);  // waits: the bytes go to the kernel
  return take(r, length);
}

using Way = std::string (*)(int, size_t);
inline constexpr Way kWays[] = {by_read,     by_vmsplice,   to_file, to_unix_socket,
                                to_messages, to_tcp,        by_pipe, to_watched_pipe,
                                by_two_tees, after_settling};

inline char* map(size_t length, int flags = MAP_PRIVATE, void* at = nullptr) {
  void* got = mmap(at, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  CHECK(got != MAP_FAILED);
  return static_cast<char*>(got);
}

// Each way, of memory at an odd place that holds other bytes when it leaves than when it came.
// `go` may take it away then.
template <typename Go>
inline void each_way(char* (*get)(), Go go, bool changes = true) {
  for (const Way way : kWays) {
    const Pipe pipe;
    char* const memory = get();
    const size_t skip = 100;
    const size_t length = kLength - 300;
    std::string bytes = pattern(kLength, 1);
    memcpy(memory, bytes.data(), kLength);
    vmsplice_all(pipe.w, memory + skip, length);
    if (changes) {
      bytes = pattern(kLength, 2);
      memcpy(memory, bytes.data(), kLength);
    }
    go(memory);
    CHECK(way(pipe.r, length) == bytes.substr(skip, length));
    close(pipe.r);
    close(pipe.w);
  }
}

// Bad addresses are no longer the engine's to catch.
inline void handle_faults() {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(99); };
  CHECK_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
}

}  // namespace hazard

#endif  // ANYSPLICE_TESTS_HAZARDS_WAYS_H_
