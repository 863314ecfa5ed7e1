// A netlink socket that has no address gets one by its first message: the number of the process
// that sends it. That is to be the program's and not ours.
//
// Thread-safe, but for give_addresses().
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_NETLINK_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_NETLINK_H_

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// Has sockets get their addresses before the engine sends. To be called once, before there are
// threads.
void give_addresses();

// What this thread sends to that netlink socket, a descriptor of ours, comes from the thread's
// process.
void set_sender(int fd, Target& target);
void clear_sender(int fd);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_NETLINK_H_
