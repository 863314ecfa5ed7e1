// By way of a pipe that lives for one copy: write(2) and read(2) answer EFAULT on every system we
// know, though POSIX only lets them.
#include "core/sys/system_copy.h"

#include <fcntl.h>
#include <stdint.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/sys/memory.h"
#include "core/sys/sys.h"

namespace anysplice::system_copy {
namespace {

// What is put through the pipe at a time. It takes less if it is smaller.
constexpr size_t kChunk = size_t{64} * 1024;

class Through {
 public:
  Through() {
    if (sys->pipe(fd_) != 0) {
      fd_[0] = fd_[1] = -1;
      return;
    }
    for (int fd : fd_) {
      sys->fcntl(fd, F_SETFD, FD_CLOEXEC);
      sys->fcntl(fd, F_SETFL, O_NONBLOCK);
    }
  }
  ~Through() {
    if (!good()) return;
    for (int fd : fd_) sys->close(fd);
  }
  Through(const Through&) = delete;
  Through& operator=(const Through&) = delete;

  bool good() const { return fd_[0] >= 0; }
  ssize_t in(const void* from, size_t length) { return sys->write(fd_[1], from, length); }
  ssize_t out(void* to, size_t length) { return sys->read(fd_[0], to, length); }
  void drain() {
    char unused[512];
    while (out(unused, sizeof(unused)) > 0) {
    }
  }

 private:
  int fd_[2];
};

// Walks over one side's pieces.
struct Cursor {
  const iovec* piece;
  size_t count;
  size_t used = 0;  // of *piece

  char* at() const { return static_cast<char*>(piece->iov_base) + used; }
  size_t left() {
    while (count > 0 && used == piece->iov_len) {
      ++piece;
      --count;
      used = 0;
    }
    return count == 0 ? 0 : piece->iov_len - used;
  }
  size_t to_page_end() const {
    return system_page() - reinterpret_cast<uintptr_t>(at()) % system_page();
  }
};

ssize_t copy(Cursor from, Cursor to) {
  if (from.left() == 0 || to.left() == 0) return 0;
  const KeepErrno keep;
  Through through;
  if (!through.good()) return -ENOSYS;
  size_t done = 0;
  // A call may give up all of what it was asked for because of one bad page in it: then page by
  // page.
  bool careful = false;
  while (from.left() > 0 && to.left() > 0) {
    size_t length = std::min({from.left(), to.left(), kChunk});
    if (careful) length = std::min({length, from.to_page_end(), to.to_page_end()});
    ssize_t n = through.in(from.at(), length);
    if (n > 0) n = through.out(to.at(), static_cast<size_t>(n));
    if (n > 0) {
      from.used += static_cast<size_t>(n);
      to.used += static_cast<size_t>(n);
      done += static_cast<size_t>(n);
    }
    if (n == static_cast<ssize_t>(length)) continue;
    const bool bad_address = n < 0 && errno == EFAULT;
    through.drain();
    if (n > 0) continue;
    if (!bad_address || careful) break;
    careful = true;
  }
  return done > 0 ? static_cast<ssize_t>(done) : -EFAULT;
}

}  // namespace

// Without a descriptor to be had nothing can be said against an address.
bool readable(const void* from) {
  const KeepErrno keep;
  Through through;
  return !through.good() || through.in(from, sizeof(uint64_t)) == sizeof(uint64_t);
}

bool writable(void* to, size_t size) {
  const KeepErrno keep;
  Through through;
  const uint64_t any = 0;
  const auto all = static_cast<ssize_t>(size);
  return !through.good() || (through.in(&any, size) == all && through.out(to, size) == all);
}

ssize_t from_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count) {
  return copy({theirs, their_count}, {ours, our_count});
}

ssize_t to_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count) {
  return copy({ours, our_count}, {theirs, their_count});
}

}  // namespace anysplice::system_copy
