// One end of a transfer: what kind of thing a descriptor is, and how to move bytes in or out of it.
//
// All moves return bytes, 0 for end of file, or -errno. Async-signal-safe.
#ifndef ANYSPLICE_CORE_TRANSFER_ENDPOINT_H_
#define ANYSPLICE_CORE_TRANSFER_ENDPOINT_H_

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <utility>

#include "core/fd/fd_table.h"
#include "core/pipe/pipe_id.h"
#include "core/pipe/pipe_lock.h"

namespace anysplice {

enum class Kind {
  kPipe,
  kFile,     // has positions: regular files, block devices, memfds
  kStream,   // a stream socket
  kMessage,  // a datagram or seqpacket socket: one write, one message
  kDevice,   // ttys and other character devices
  kNull,     // /dev/null, open for writing
  kDirectory,
  kNone,  // cannot be spliced: eventfds, epoll sets, ...
};

struct Endpoint {
  int fd = -1;
  Kind kind = Kind::kNone;
  int flags = 0;            // F_GETFL
  dev_t device = 0;         // of a device: which
  PipeId pipe = {0, 0};     // of a pipe without a ring, until it is asked for: which
  size_t slots = 0;         // of the same, with Role::kSinkOfFile, instead: its size in pages
  uint32_t replaced = 0;    // fd_replaced before that was looked at
  uint32_t changes = 0;     // number_changes::of(fd) before all that
  bool remembered = false;  // from the table of descriptors: `flags` are only as far as known
  bool tcp = false;         // of a stream: has an urgent mark that a splice does not pass
  bool terminal = false;    // of a device
  bool lingers = false;     // a file whose reads can wait for bytes, as those of procfs and tracefs
  bool sized = false;       // a file, just looked at, that says how long it is: it has positions
  bool positioned = false;  // an offset was given: use `position`, leave the file's own alone
  int64_t position = 0;

  // The identity that look() found, once: after a wait it may be another one.
  PipeSeen pipe_seen() { return {fd, std::exchange(pipe, {0, 0}), slots > 0, replaced}; }

  bool readable() const;
  bool writable() const;
  bool nonblocking() const;
  bool seekable() const;  // takes an offset
};

// kSinkOfFile: what it is to get can be read again, so that a pipe's size is of use, and which pipe
// it is does not matter unless bytes are held.
enum class Role { kSource, kSink, kSinkOfFile };

// Looks at a descriptor: 0 or -EBADF.
int look(int fd, Endpoint* end, Role role);

// Whether a transfer of that length from the end's position stays within what offsets can say: 0
// or EINVAL. The kernel asks before it cuts the length to what one call moves.
int check_range(const Endpoint& end, size_t length);

// Whether the end has a position of its own (lseek(2)).
bool has_position(const Endpoint& end);

// Whether a position lies beyond what the end's file system can have.
bool beyond_file_system(const Endpoint& end, int64_t position);

// Whether the kernel takes this kind of thing as the source of bytes for a pipe, or as the sink of
// a pipe's bytes.
bool can_be_source(const Endpoint& end);
bool can_be_sink(const Endpoint& end);

// Whether a read of the end may sleep, whatever its descriptor's O_NONBLOCK: to be asked for bytes
// by poll(2) first, and read with no pipe locked.
inline bool can_linger(const Endpoint& end) { return end.kind == Kind::kDevice || end.lingers; }

// Move without waiting: -EAGAIN if there is nothing, or no room, even if the descriptor is
// blocking. (Of a source that can_linger() poll must have said that it is ready.)
ssize_t pull(Endpoint& from, const iovec& into);
// The same into several; only a device fills more than the first.
ssize_t pull(Endpoint& from, const iovec* into, int count);
// `more`: further bytes follow at once (MSG_MORE). A message socket gets all of iov as one message.
ssize_t push(Endpoint& to, const iovec* iov, int count, bool more);

// Of a socket whose recv gave -EAGAIN: whether SPLICE_F_NONBLOCK ends the call, as it does for
// streams of the unix domain only. The others wait unless they have O_NONBLOCK themselves.
bool heeds_splice_nonblock(const Endpoint& from);
// How many bytes a splice of so many waits for (SO_RCVLOWAT): of unix streams only, too.
size_t low_water(const Endpoint& from, size_t length);

// Whether a message socket was shut down for reading: then a read that finds nothing ends, if it is
// one that would wait (0), and fails with EAGAIN if not (recv(2), seen for UDP and unix datagrams).
bool is_shut(const Endpoint& from);

// Wait, as the kernel's own call would, for a source to have bytes or a sink to have room: 0 or
// -errno. Cancellation points. `restarts` and `vain` as in kernel_pipe.h.
int wait_readable(const Endpoint& from, bool restarts, unsigned vain);
int wait_writable(const Endpoint& to, bool restarts, unsigned vain);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_TRANSFER_ENDPOINT_H_
