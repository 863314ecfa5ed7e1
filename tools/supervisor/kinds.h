// Descriptors on which a call for another program would not be what it is there. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_KINDS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_KINDS_H_

#include "tools/supervisor/target.h"

namespace anysplice::tools {

enum class Role { kSource, kSink };

// Whether the system asks who makes the call, and not only who opened this descriptor of ours: a
// terminal looks at the process group, a file of /proc at the namespaces, and a socket of the local
// domain tells its reader. What else is the caller's is seen to: the limit of a file's size
// (size_limit.h; where that is not possible it counts too), and the address of a netlink socket.
bool asks_for_the_caller(int fd, Role role, Target& target);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_KINDS_H_
