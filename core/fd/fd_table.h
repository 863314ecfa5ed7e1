// What the engine knows of each descriptor number: one word, read on every intercepted call.
//
// What is remembered, who could change it unseen, and what then happens:
// - That a number is a stream socket (unix or TCP), or a file, and its access mode: the
// descriptor's
//   for ever, but the number can be given to something else. Through libc's functions that is seen
//   (close, dup2, freopen, ...), but for those that replace 0 to 2 from inside (login_tty, daemon):
//   of these only that they are no pipe is remembered. By an inline system call: a socket's calls
//   fail with ENOTSOCK and a file's position with ESPIPE, and it is looked at again; a file that is
//   no longer one gets its bytes by write(2) all the same.
// - That it is no pipe, for calls that are to pass: none of libc's unseen replacements makes a
// pipe.
// - That it is a pipe, and which of ours: asked for its inode before anything is taken or put back
//   while the kernel has its bytes; a ring is settled before anybody else could have an end.
// - That a sink has no O_APPEND: of descriptions that nobody else has (own_description.h).
// - That it is /dev/null, as a sink: of the same descriptions, which a call that was seen has made;
//   like a ring's number it is something else only after an inline system call.
// Not remembered: O_NONBLOCK, and O_APPEND of what others have too (every holder of the description
// sets them), positions, sizes, socket options.
// A process that shares this memory and not the descriptors neither believes nor writes it
// (vfork_child.h); threads with numbers of their own put an end to remembering (every_call_seen).
//
// Wait-free and async-signal-safe. A word is written when a pipe is made, copied or closed, or when
// a call of the family had to look at the descriptor; close() clears it.
#ifndef ANYSPLICE_CORE_FD_FD_TABLE_H_
#define ANYSPLICE_CORE_FD_FD_TABLE_H_

#include <stdint.h>

#include <atomic>

#include "core/sys/vfork_child.h"

namespace anysplice {

enum class FdKind : uint32_t {
  kUnknown = 0,
  kOther,   // no pipe
  kStream,  // a stream socket; pipe() says of which sort
  kFile,    // with positions (endpoint.h); pipe() is its access mode, and of which sort it is
  kNull,    // /dev/null; pipe() is its access mode
  kPipe,    // a pipe or FIFO whose making we did not see; pipe() is its sleep key, if that is known
  kReadEnd,  // of a pipe in the table of pipes; pipe() says which
  kWriteEnd,
};

struct FdEntry {
  uint32_t word = 0;

  static FdEntry of(FdKind kind, uint32_t pipe = 0) {
    return {static_cast<uint32_t>(kind) | pipe << 3};
  }
  FdKind kind() const { return static_cast<FdKind>(word & 7); }
  uint32_t pipe() const { return word >> 3; }
  bool ours() const { return kind() >= FdKind::kReadEnd; }  // an end of a pipe made here
  bool is_pipe() const { return kind() >= FdKind::kPipe; }
  bool no_pipe() const { return kind() > FdKind::kUnknown && kind() < FdKind::kPipe; }
  bool operator==(const FdEntry&) const = default;
};

// Numbers from here on are treated as kUnknown for ever.
inline constexpr unsigned kFdLimit = 1u << 18;
extern std::atomic<uint32_t> fd_words[kFdLimit];
extern std::atomic<unsigned> fd_high;  // no number from here on has an entry

inline FdEntry fd_entry(int fd) {
  if (static_cast<unsigned>(fd) >= kFdLimit) return {};
  return {fd_words[fd].load(std::memory_order_acquire)};
}

void set_fd_entry(int fd, FdEntry entry);

// How often a number was given another meaning by dup2. Who looked at one before, and uses it under
// the lock of the pipe that it named, looks again.
extern std::atomic<uint32_t> fd_replaced;

// How often one of the first numbers was closed, or made to name something else, as far as seen:
// for who uses a number again after a wait.
namespace number_changes {
inline constexpr unsigned kCounted = 4096;
extern std::atomic<uint32_t> counts[kCounted];
// The same for all others.
inline uint32_t of(int fd) {
  return static_cast<unsigned>(fd) < kCounted ? counts[fd].load(std::memory_order_acquire) : 0;
}
inline void note(int fd) {
  if (static_cast<unsigned>(fd) < kCounted && !vfork_child())
    counts[fd].fetch_add(1, std::memory_order_release);
}
}  // namespace number_changes

// What a transfer may believe: nothing in a child of vfork, whose descriptors may be others.
inline FdEntry own_fd_entry(int fd) { return vfork_child() ? FdEntry{} : fd_entry(fd); }

// Whether every call that closes or makes a descriptor goes through the engine, as it does behind
// the shim, and means the same for all threads.
extern std::atomic<bool> every_call_seen;

// As set_fd_entry(), for what a look at a descriptor that is no pipe of ours has told. Unless every
// call is seen, the number may be something else at the next one: only that it is some pipe is
// remembered, for those who go through all pipes and verify each.
void remember_fd(int fd, FdEntry entry);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_FD_FD_TABLE_H_
