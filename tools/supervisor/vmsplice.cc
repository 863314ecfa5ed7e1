#include "tools/supervisor/vmsplice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "core/calls/engine.h"
#include "tools/supervisor/borrowed.h"

namespace anysplice::tools {
namespace {

constexpr uint64_t kPageSize = 4096;
constexpr size_t kMost = 0x7ffff000;  // of one call

// Memory of ours for what goes through the pipe.
class Room {
 public:
  explicit Room(size_t size) : size_(size) {
    void* const memory =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data_ = memory != MAP_FAILED ? static_cast<char*>(memory) : nullptr;
  }
  ~Room() {
    if (data_ != nullptr) munmap(data_, size_);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  char* data() const { return data_; }

 private:
  const size_t size_;
  char* data_;
};

uint64_t address(const iovec& segment) { return reinterpret_cast<uint64_t>(segment.iov_base); }

// No call moves more than the pipe holds.
size_t most_of(int pipe) {
  const int size = ::fcntl(pipe, F_GETPIPE_SZ);
  return static_cast<size_t>(size > 0 ? size : 65536);
}

// Cut to what may go through the pipe.
std::vector<iovec> cut(std::vector<iovec> segments, size_t most) {
  size_t used = 0;
  for (; used < segments.size() && most > 0; ++used) {
    segments[used].iov_len = std::min(segments[used].iov_len, most);
    most -= segments[used].iov_len;
  }
  segments.resize(used);
  return segments;
}

long answer_of(ssize_t n) { return n < 0 ? -errno : n; }

long into_pipe(Target& target, int pipe, const std::vector<iovec>& theirs, unsigned flags) {
  // Pieces lie in their pages as they do there: each takes a slot of the pipe.
  size_t size = kPageSize;
  for (const iovec& segment : theirs) size += segment.iov_len + 2 * kPageSize;
  const Room room(size);
  if (room.data() == nullptr) return -ENOMEM;
  std::vector<iovec> ours;
  char* at = room.data();
  for (const iovec& segment : theirs) {
    at += address(segment) % kPageSize;
    const size_t n = target.read_some(address(segment), at, segment.iov_len);
    if (n > 0) ours.push_back({at, n});
    if (n < segment.iov_len) {
      ours.push_back({bad_address(), segment.iov_len - n});
      break;
    }
    at += n + kPageSize;
    at -= reinterpret_cast<uintptr_t>(at) % kPageSize;
  }
  if (!target.is_waiting()) return -EINTR;
  return answer_of(anysplice::vmsplice(pipe, ours.data(), ours.size(), flags));
}

// What has left the pipe goes to the program's memory. Bytes, or -EFAULT if none got there.
long deliver(const Target& target, const char* data, size_t length,
             const std::vector<iovec>& theirs) {
  size_t done = 0;
  for (const iovec& segment : theirs) {
    const size_t n = std::min(segment.iov_len, length - done);
    if (n > 0 && !target.write(address(segment), data + done, n)) break;
    done += n;
  }
  return done > 0 || length == 0 ? static_cast<long>(done) : -EFAULT;
}

// The other way: what is in the program's memory now. False if it cannot be read.
bool fetch(const Target& target, const std::vector<iovec>& theirs, char* data, size_t length) {
  size_t done = 0;
  for (const iovec& segment : theirs) {
    const size_t n = std::min(segment.iov_len, length - done);
    if (n > 0 && !target.read(address(segment), data + done, n)) return false;
    done += n;
  }
  return true;
}

// Up to the last byte that is another one.
size_t length_changed(const std::vector<char>& before, const char* now) {
  size_t length = before.size();
  while (length > 0 && before[length - 1] == now[length - 1]) --length;
  return length;
}

long out_of_pipe(Target& target, int pipe, const std::vector<iovec>& theirs, unsigned flags) {
  // The bytes must stay in the pipe if the memory is not there to take them.
  size_t good = 0;
  size_t bad = 0;
  for (const iovec& segment : theirs) {
    const size_t n = target.writable(address(segment), segment.iov_len);
    good += n;
    bad = segment.iov_len - n;
    if (bad > 0) break;
  }
  const Room room(good + 1);
  if (room.data() == nullptr) return -ENOMEM;
  // Of a call that fails there the kernel leaves in the memory what it has copied before.
  const bool may_leave = bad > 0 && good > 0 && fetch(target, theirs, room.data(), good);
  const std::vector<char> before(room.data(), room.data() + (may_leave ? good : 0));
  std::vector<iovec> ours;
  if (good > 0) ours.push_back({room.data(), good});
  if (bad > 0) ours.push_back({bad_address(), bad});
  if (!target.is_waiting()) return -EINTR;
  const long n = answer_of(anysplice::vmsplice(pipe, ours.data(), ours.size(), flags));
  if (n == -EFAULT && may_leave && target.is_waiting()) {
    deliver(target, room.data(), length_changed(before, room.data()), theirs);
  }
  if (n <= 0 || !target.is_waiting()) return n;
  return deliver(target, room.data(), static_cast<size_t>(n), theirs);
}

}  // namespace

long vmsplice_for(Target& target, int pipe, uint64_t segments, uint64_t count, unsigned flags) {
  std::vector<iovec> theirs(count <= IOV_MAX ? count : 0);
  const bool known =
      count <= IOV_MAX && target.read(segments, theirs.data(), theirs.size() * sizeof(iovec));
  // What no program can have: the engine's checks tell, and do not touch it.
  const bool strange = std::any_of(theirs.begin(), theirs.end(), [count](const iovec& segment) {
    const size_t length = count == 1 ? std::min(segment.iov_len, kMost) : segment.iov_len;
    return segment.iov_len > SSIZE_MAX || address(segment) > INT64_MAX ||
           address(segment) + length > INT64_MAX;
  });
  if (!target.is_waiting()) return -EINTR;
  if (!known || strange) {
    // Which error that is depends on the other arguments too.
    for (iovec& segment : theirs) {  // none of them is an address of ours
      if (address(segment) <= INT64_MAX) segment.iov_base = bad_address();
    }
    const auto* const given = strange ? theirs.data() : static_cast<iovec*>(bad_address());
    return answer_of(anysplice::vmsplice(pipe, given, count, flags));
  }
  theirs = cut(std::move(theirs), most_of(pipe));
  const int mode = ::fcntl(pipe, F_GETFL);
  const bool out = mode >= 0 && (mode & O_ACCMODE) == O_RDONLY;
  return out ? out_of_pipe(target, pipe, theirs, flags) : into_pipe(target, pipe, theirs, flags);
}

}  // namespace anysplice::tools
