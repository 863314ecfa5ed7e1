// What the benchmarked loops are connected to: files, loopback sockets and the processes behind
// them. All of it goes away with the objects, or with the process.
#ifndef ANYSPLICE_TOOLS_BENCH_PEERS_H_
#define ANYSPLICE_TOOLS_BENCH_PEERS_H_

#include <sys/types.h>

#include "absl/types/span.h"
#include "tools/bench/sides.h"

namespace anysplice::tools::bench {

// A descriptor that is closed at the end. -1: could not be had.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

// The size of the files that are read and written: their pages stay in the page cache.
inline constexpr size_t kFileSize = 16 << 20;

// One that a call has just made: the engine is told of it, as by the preload.
Fd just_made(int fd);

// A file of kFileSize bytes without a name, in $TMPDIR.
Fd temporary_file();

struct Sockets {
  Fd near;
  Fd far;
};
// Both ends of a TCP connection over the loopback interface. `delay` false: without Nagle's
// algorithm (TCP_NODELAY).
Sockets tcp_connection(bool delay);

// A process that is killed with this object.
class Peer {
 public:
  Peer() = default;
  explicit Peer(pid_t pid);
  Peer(Peer&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

 private:
  pid_t pid_ = -1;
};

// Those of this process.
absl::Span<const pid_t> living_peers();

// Reads all that comes, or writes without end, in a process of its own, made by `fork`.
Peer reading_peer(int fd, decltype(Calls::fork) fork);
Peer writing_peer(int fd, decltype(Calls::fork) fork);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_PEERS_H_
