#include "core/sys/program.h"

#if defined(__linux__)
#include <errno.h>
#include <sys/auxv.h>
#else
#include <stdlib.h>
#include <unistd.h>
#endif
#if defined(__APPLE__)
#include <crt_externs.h>
#else
extern "C" char** environ;
#endif

#include "core/base/placement.h"

namespace anysplice {

#if defined(__linux__)
// getauxval(3), AT_SECURE: file capabilities count as well.
ANYSPLICE_AT_START bool runs_privileged() { return getauxval(AT_SECURE) != 0; }
// program_invocation_name(3): glibc and musl.
const char* program_name() { return program_invocation_name; }
#else
bool runs_privileged() { return geteuid() != getuid() || getegid() != getgid(); }
// getprogname(3): the BSDs and macOS.
const char* program_name() { return getprogname(); }
#endif

#if defined(__APPLE__)
// environ(7): a library has no environ there.
char** program_environment() { return *_NSGetEnviron(); }
#else
char** program_environment() { return environ; }
#endif

}  // namespace anysplice
