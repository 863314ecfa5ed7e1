// The seam: the engine makes its system calls through this table, so that tests can make any of
// them fail, and so that the shim can bind it to the functions behind its own symbols. (Calls that
// cannot concern a pipe are made directly, such as clock_gettime, nanosleep, getppid, sigaltstack.)
//
// Functions have libc's signatures and errno convention. With core/sys/libc.cc the table is
// complete from the start. In the shim each entry is bound at its first use, by whichever thread
// makes that use: several may, and all write the same value.
#ifndef ANYSPLICE_CORE_SYS_SYS_H_
#define ANYSPLICE_CORE_SYS_SYS_H_

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "core/sys/host.h"

namespace anysplice {

struct Sys {
#define SYS(ret, name, params) ret(*name) params;
#include "core/sys/calls.def"
};

// Objects that were compiled for one platform are linked with the engine of another (tests/posix).
// They ask for none but the common calls, which all tables have at the same places.
#define ANYSPLICE_COMMON_CALLS
struct CommonSys {
#define SYS(ret, name, params) ret(*name) params;
#include "core/sys/calls.def"
};
#define SYS(ret, name, params) static_assert(offsetof(Sys, name) == offsetof(CommonSys, name));
#include "core/sys/calls.def"
#undef ANYSPLICE_COMMON_CALLS

// Defined by whoever binds it: core/sys/libc.cc, or the shim.
extern Sys sys_table;
inline constexpr Sys* sys = &sys_table;

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SYS_H_
