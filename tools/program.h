// The program to be run: finding it, and telling beforehand when a preloaded library cannot reach
// it.
#ifndef ANYSPLICE_TOOLS_PROGRAM_H_
#define ANYSPLICE_TOOLS_PROGRAM_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/library_path.h"

namespace anysplice::tools {

// Searches PATH as execvp(3) does, unless the name holds a slash; the result always holds one.
// kNotFound if there is none, kPermissionDenied if it cannot be executed.
absl::StatusOr<std::string> find_program(const std::string& name);

// Which library fits it. What a static program starts, or one that cannot be read, is taken to use
// what the system's shell does.
Libc libc_of(const std::string& path);

// Fails, saying why: kFailedPrecondition for a program that gains privileges when executed (the
// dynamic loader then ignores LD_PRELOAD), kOutOfRange for one of another machine, kUnavailable
// for one of another C library than `library`, kUnimplemented for one that is static, while those
// that it starts may not be.
// Without a library: as for a static program, kUnavailable for one of musl, and else why there is
// none. Scripts are followed to their interpreter. What cannot be read is taken to be fine.
// no_new_privs: the program will be executed with that attribute, so that it gains nothing.
absl::Status check_preloadable(const std::string& path, const absl::StatusOr<std::string>& library,
                               bool no_new_privs);

// Whether it was built by Go, whose programs make system calls by their own instructions.
bool is_go_program(const std::string& path);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_PROGRAM_H_
