// Which errors a system call can give, and which the program may see.
#ifndef ANYSPLICE_TESTS_FAULTS_ERRORS_H_
#define ANYSPLICE_TESTS_FAULTS_ERRORS_H_

#include <initializer_list>
#include <vector>

#include "inject.h"

namespace faults {

// What the manual page of section 2 named like the function says it can fail with, as far as a
// correct caller can meet it, and what a system call filter answers (ENOSYS, EPERM).
std::vector<int> errors_of(const Event& call);
// Whether it moves bytes, and so may move fewer than asked for.
bool moves_bytes(Function function);
// Whether a call that fails so may fail for ever. EINTR and EAGAIN pass; a socket tells its error
// once, and then goes on or has nothing more to say (socket(7), SO_ERROR).
bool may_last(Function function, int error);
// Whether the program may see it from splice, tee, vmsplice or sendfile.
bool family_may_give(int error);

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_ERRORS_H_
