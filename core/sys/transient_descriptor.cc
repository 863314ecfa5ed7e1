#include "core/sys/transient_descriptor.h"

#include <atomic>
#include <cstdint>

#include "core/base/keep_errno.h"
#include "core/base/sync_point.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

std::atomic<uint32_t> moments;
std::atomic<uint32_t> forks;

// The longest that one waits for the other, in milliseconds.
constexpr int kPatience = 100;

void wait_a_little() {
  const KeepErrno keep;
  sys->poll(nullptr, 0, 1);
}

}  // namespace

// Both sides count themselves first, then look at the other: one of them at least sees the other.
TransientDescriptor::TransientDescriptor() {
  moments.fetch_add(1, std::memory_order_seq_cst);
  sync_point();
  for (int i = 0; i < kPatience && forks.load(std::memory_order_seq_cst) != 0; ++i) {
    moments.fetch_sub(1, std::memory_order_seq_cst);
    wait_a_little();
    moments.fetch_add(1, std::memory_order_seq_cst);
  }
}

TransientDescriptor::~TransientDescriptor() {
  uint32_t now = moments.load(std::memory_order_relaxed);
  // 0 in the child of a handler that forked in the middle.
  while (now > 0 && !moments.compare_exchange_weak(now, now - 1, std::memory_order_seq_cst)) {
  }
}

void begin_fork() {
  forks.fetch_add(1, std::memory_order_seq_cst);
  for (int i = 0; i < kPatience && moments.load(std::memory_order_seq_cst) != 0; ++i) {
    wait_a_little();
  }
}

void end_fork(bool child) {
  if (child) {  // there are no other threads
    moments.store(0, std::memory_order_relaxed);
    forks.store(0, std::memory_order_relaxed);
  } else {
    forks.fetch_sub(1, std::memory_order_seq_cst);
  }
}

}  // namespace anysplice
