// Which pipe: the same for every descriptor of it, in every process.
//
// Plain data, and functions of their arguments: thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_PIPE_ID_H_
#define ANYSPLICE_CORE_PIPE_PIPE_ID_H_

#include <stdint.h>

namespace anysplice {

struct PipeId {
  uint64_t device;
  uint64_t inode;
  bool operator==(const PipeId&) const = default;

  uint64_t hash() const { return (inode * 0x9e3779b97f4a7c15u) ^ (device * 0xc2b2ae3d27d4eb4fu); }
};

// Pipes are told apart by a small key where a mistake costs time only: different pipes may share
// one. Key 0 stands for any pipe.
using PipeKey = uint32_t;
inline constexpr PipeKey kAnyPipe = 0;
inline constexpr uint32_t kPipeKeys = 256;
inline PipeKey pipe_key(PipeId id) {
  return 1 + static_cast<PipeKey>(id.hash() >> 40) % (kPipeKeys - 1);
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_PIPE_ID_H_
