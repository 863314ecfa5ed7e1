// Steps that the loops have in common.
#ifndef ANYSPLICE_TOOLS_BENCH_MOVES_H_
#define ANYSPLICE_TOOLS_BENCH_MOVES_H_

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "tools/bench/peers.h"
#include "tools/bench/sides.h"
#include "tools/bench/work.h"

namespace anysplice::tools::bench {

// A pipe of one side.
class PipeEnds {
 public:
  // The capacity is that of the system, or `size` where that is more, as far as everybody may have
  // it.
  PipeEnds(const Calls& calls, size_t size) : calls_(calls) {
    const auto wanted = static_cast<long>(std::min(size, kMost));
    if (calls_.pipe2(fds_, O_CLOEXEC) != 0) {
      fds_[0] = fds_[1] = -1;
    } else if (size > kUsual && calls_.fcntl(fds_[1], F_SETPIPE_SZ, wanted) < 0) {
      close();
    }
  }
  PipeEnds(PipeEnds&& other) noexcept : calls_(other.calls_) { std::swap(fds_, other.fds_); }
  ~PipeEnds() { close(); }

  bool ok() const { return fds_[0] >= 0; }
  int read_end() const { return fds_[0]; }
  int write_end() const { return fds_[1]; }

 private:
  static constexpr size_t kUsual = size_t{64} * 1024;
  static constexpr size_t kMost = size_t{1} << 20;

  void close() {
    const int kept = errno;
    for (int& fd : fds_) {
      if (fd >= 0) calls_.close(fd);
      fd = -1;
    }
    errno = kept;
  }

  const Calls& calls_;
  int fds_[2] = {-1, -1};
};

// The next bytes of a file that is read over and over.
class Position {
 public:
  // Where the next operation of that size begins: the pointer is for it to advance.
  loff_t* next(size_t size) {
    if (at_ + static_cast<loff_t>(size) > static_cast<loff_t>(kFileSize)) at_ = 0;
    return &at_;
  }

 private:
  loff_t at_ = 0;
};

// All of so many bytes from a pipe: the bytes or -errno.
inline ssize_t drain(const Calls& calls, int from, int to, loff_t* at, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = calls.splice(from, nullptr, to, at, size - done, SPLICE_F_MOVE);
    if (n < 0) return -errno;
    if (n == 0) return -EIO;
    done += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(done);
}

template <typename T, typename... Args>
std::unique_ptr<Work> made(Args&&... args) {
  auto work = std::make_unique<T>(std::forward<Args>(args)...);
  if (!work->ok()) return nullptr;
  return work;
}

// The answer of a call that is to move something.
inline ssize_t checked(ssize_t n) { return n > 0 ? n : n == 0 ? -EIO : -errno; }

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_MOVES_H_
