// The vmsplices that the check knows, and what it reports of them.
//
// Thread-safe, async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_REUSE_CALLS_H_
#define ANYSPLICE_CORE_MEMORY_REUSE_CALLS_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/telemetry/findings.h"

namespace anysplice::reuse {

// Of start(). False without memory.
bool prepare_calls();

// What whoever loaded the engine knows of the program's stack. Both are safe in a handler.
struct Host {
  // The return addresses of the program's own functions that lead here, the innermost first.
  size_t (*walk)(uintptr_t* addresses, size_t most);
  // The path of the object that an address lies in, and where in it; null if nobody knows.
  const char* (*locate)(uintptr_t address, uintptr_t* offset);
  const char* program;  // the program's path
};
void use(const Host* host);

// A vmsplice into a pipe begins: its number.
uint64_t record_call(int fd, const iovec* iov, size_t total, unsigned flags);
// So many of its bytes went into a pipe; so many of those into a ring; so many are in the kernel's
// pipe after all, where nobody can follow them.
void note_moved(size_t bytes);
void note_followed(size_t bytes);
void note_settled(size_t bytes);

struct Report {
  uint64_t call;
  What what;
  Way way;
  uint64_t at;       // the first byte, counted from the call's first
  uint64_t address;  // where it lay
  size_t bytes;
  uint8_t was;
  uint8_t is;
};
void report(const Report& report);

}  // namespace anysplice::reuse

#endif  // ANYSPLICE_CORE_MEMORY_REUSE_CALLS_H_
