// What a thread of another process may do, beside this one. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_RIGHTS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_RIGHTS_H_

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// Whether it has the users, groups, capabilities, user namespace and label that this process has:
// what the kernel asks for when a call is made, not when the descriptor was opened. False if it
// cannot be found out. What changes is the thread's rights, never this process's.
bool has_our_rights(Target& target);

// A thread is about to change its supplementary groups. To be told before it can make another call,
// once it could: whether they are ours still takes long to find out, and is not asked before.
void note_change_of_groups();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_RIGHTS_H_
