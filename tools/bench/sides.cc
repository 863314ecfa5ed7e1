#include "tools/bench/sides.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>

#include "core/memory/fault_guard.h"
#include "core/memory/lasting_memory.h"
#include "core/sys/deferral.h"
#include "tools/kernel_lacks.h"

namespace anysplice::tools::bench {
namespace {

// What the copies go through: a part of what it holds fits the processor's caches.
constexpr size_t kBuffer = size_t{64} * 1024;
thread_local char buffer[kBuffer];

ssize_t write_all(int fd, off64_t* at, size_t n) {
  size_t done = 0;
  while (done < n) {
    const ssize_t m = at != nullptr ? ::pwrite(fd, buffer + done, n - done, *at)
                                    : ::write(fd, buffer + done, n - done);
    if (m < 0) return -1;
    if (at != nullptr) *at += m;
    done += static_cast<size_t>(m);
  }
  return static_cast<ssize_t>(done);
}

ssize_t copying_splice(int in, loff_t* in_at, int out, loff_t* out_at, size_t n, unsigned) {
  size_t done = 0;
  while (done < n) {
    const size_t want = std::min(n - done, kBuffer);
    const ssize_t m =
        in_at != nullptr ? ::pread(in, buffer, want, *in_at) : ::read(in, buffer, want);
    if (m < 0) return done > 0 ? static_cast<ssize_t>(done) : -1;
    if (in_at != nullptr) *in_at += m;
    if (write_all(out, out_at, static_cast<size_t>(m)) < 0) return -1;
    done += static_cast<size_t>(m);
    if (m < static_cast<ssize_t>(want)) break;
  }
  return static_cast<ssize_t>(done);
}
ssize_t copying_tee(int, int, size_t, unsigned) {
  errno = ENOSYS;  // no reading without taking
  return -1;
}
ssize_t copying_vmsplice(int fd, const iovec* iov, size_t count, unsigned) {
  return ::writev(fd, iov, static_cast<int>(count));
}
ssize_t copying_sendfile(int out, int in, off64_t* at, size_t n) {
  return copying_splice(in, at, out, nullptr, n, 0);
}

constexpr Calls kCopyingCalls = [] {
  Calls calls = kKernelCalls;
  calls.splice = copying_splice;
  calls.tee = copying_tee;
  calls.vmsplice = copying_vmsplice;
  calls.sendfile = copying_sendfile;
  return calls;
}();

}  // namespace

const char* name_of(Side side) {
  switch (side) {
    case Side::kKernel:
      return "kernel";
    case Side::kRings:
      return "rings on";
    case Side::kNoRings:
      return "rings off";
    case Side::kCopies:
      return "4 copies";
    case Side::kLoop:
      return "no pipe";
  }
  return "?";
}

const Calls& take_side(Side side) {
  switch (side) {
    case Side::kRings:
    case Side::kNoRings:
      set_mode(Mode::kEmulate, ENOSYS);
      allow_rings(side == Side::kRings);
      // As under the preload, which sees all handlers, and memory that goes away: there is none
      // here.
      fault_guard::allow();
      static const bool learned = (lasting_memory::learn(true), true);
      let_vmsplice_refer(learned);
      deferral::assume_plain_handlers();
      return kEngineCalls;
    case Side::kCopies:
    case Side::kLoop:
      return kCopyingCalls;
    case Side::kKernel:
      break;
  }
  return kKernelCalls;
}

int kernel_lacks(Call call) { return kernel::lacks(call); }

}  // namespace anysplice::tools::bench
