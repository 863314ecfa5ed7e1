// Taking what a kernel's pipe has out of it, into a ring. The caller has both locked, with signals
// blocked.
#ifndef ANYSPLICE_CORE_PIPE_TAKE_ALL_H_
#define ANYSPLICE_CORE_PIPE_TAKE_ALL_H_

#include "core/memory/ring.h"

namespace anysplice {

// Takes what the pipe has, behind the ring's bytes, by one read: a second one would only run after
// a busy writer. False if the ring has no place for it.
bool take_all(Ring& ring, int fd);
// The same where each read takes no more than one packet. What comes meanwhile stays.
bool take_packets(Ring& ring, int fd);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_TAKE_ALL_H_
