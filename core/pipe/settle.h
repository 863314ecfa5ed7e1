// Settling: putting bytes that the engine has back into the kernel's pipe, in front of what is
// there, in order.
//
// The ring must be locked by this thread, in a CriticalSection: while bytes are between the ring
// and the pipe no handler may run, as it might leave by longjmp. Within that, safe in signal
// handlers. note_settled() and report_unsettled() need neither.
#ifndef ANYSPLICE_CORE_PIPE_SETTLE_H_
#define ANYSPLICE_CORE_PIPE_SETTLE_H_

#include "core/memory/ring.h"
#include "core/pipe/pipe_table.h"
#include "core/telemetry/settle_reason.h"

namespace anysplice {

// Slots for what a stranger adds to a pipe between a look at it and a read of it.
inline constexpr size_t kSpareSlots = 17;

// Puts the ring's bytes back into the pipe that fd is an end of. Either end will do where /proc is
// mounted. A writer that nobody told us of may write meanwhile: its bytes stay behind ours.
// `packets`: each slot is one. `grow`: whether the pipe may be made larger for them. False if they
// do not fit or there is no way in: the ring then holds them still, and maybe more of the pipe's.
enum class Grow { kNo, kYes };
bool put_back(Ring& ring, int fd, FdEntry entry, bool packets, Grow grow);

// Ends the ring state of a locked pipe: its bytes go to the kernel, and it stays there.
void settle_ring(Pipe* pipe, SettleReason reason);

// Notes that the pipe of fd was settled, in the counters and the trace.
void note_settled(int fd, SettleReason reason, size_t bytes);

// Says on stderr that bytes could not be given back; the caller's errno is kept.
void report_unsettled(int fd, size_t bytes);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_SETTLE_H_
