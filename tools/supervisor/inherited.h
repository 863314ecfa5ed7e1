// Descriptors that this process has only because the program has them too.
//
// For a process with one thread.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_INHERITED_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_INHERITED_H_

namespace anysplice::tools {

// Gives them up, but for stderr: whoever reads from the program, or writes to it, is to see when
// the program closes them. 0 and 1 become /dev/null.
void release_inherited();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_INHERITED_H_
