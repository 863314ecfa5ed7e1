#include "core/sys/privileges.h"

#if defined(__linux__)
#include <sys/auxv.h>
#else
#include <unistd.h>
#endif

namespace anysplice {

#if defined(__linux__)
// getauxval(3), AT_SECURE: file capabilities count as well.
bool runs_privileged() { return getauxval(AT_SECURE) != 0; }
#else
bool runs_privileged() { return geteuid() != getuid() || getegid() != getgid(); }
#endif

}  // namespace anysplice
