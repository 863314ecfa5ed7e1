// vmsplice into a pipe as kernels may come to do it: a pwritev2, which copies at the call
// (`pipes:copy` of anysplice-inject(7), `--as=linux-copy`).
//
// Thread-safe. As safe in a signal handler as a write.
#ifndef ANYSPLICE_CORE_CALLS_VMSPLICE_AS_WRITE_H_
#define ANYSPLICE_CORE_CALLS_VMSPLICE_AS_WRITE_H_

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "core/transfer/endpoint.h"

namespace anysplice {

// Checked arguments, a pipe's end. Bytes or -errno.
ssize_t vmsplice_as_write(const Endpoint& end, const iovec* iov, size_t count, unsigned flags);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_VMSPLICE_AS_WRITE_H_
