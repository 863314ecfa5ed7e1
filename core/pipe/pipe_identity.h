// Which pipe a descriptor is an end of, and what the engine knows of that pipe.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_PIPE_IDENTITY_H_
#define ANYSPLICE_CORE_PIPE_PIPE_IDENTITY_H_

#include "core/pipe/pipe_id.h"

namespace anysplice {

// The identity of the pipe behind a descriptor; false if it is no pipe. Remembers the kind.
bool pipe_id(int fd, PipeId* id);

// Remembers that a descriptor which nothing was known of is an end of this pipe.
void remember_pipe(int fd, PipeId id);

// The key under which sleepers and turns on a descriptor's pipe are counted; kAnyPipe if nothing is
// known of the descriptor. Keeps errno.
PipeKey pipe_key_of(int fd);

// Whether bytes are held of a descriptor's pipe; also true if the system does not say which pipe it
// is: then nobody may go past bytes that are perhaps held. Keeps errno.
bool holds_bytes(int fd);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_PIPE_IDENTITY_H_
