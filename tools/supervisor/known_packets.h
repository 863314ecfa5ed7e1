// The pipes of packets (O_DIRECT, pipe(2)) that the program has asked for. A write end shows that
// it makes packets, a read end does not, and the writer may have gone before the first call. So the
// filter tells of each request (filter.h), and pipes that are made so are made here, to know them.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_KNOWN_PACKETS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_KNOWN_PACKETS_H_

#include <linux/seccomp.h>
#include <sys/stat.h>

#include <utility>

#include "tools/supervisor/target.h"

namespace anysplice::tools {

using PipeName = std::pair<dev_t, ino_t>;
// False if that is no pipe.
bool name_of(const struct stat& st, PipeName* name);

// A thread calls pipe2 or fcntl(F_SETFL), and asks for packets. True if its call was carried out
// here, which returns 0; else the kernel is to do that.
bool make_packets(Target& target, const seccomp_data& call);

// Whether anybody has asked for packets so far.
bool packets_asked_for();
bool is_pipe_of_packets(const PipeName& pipe);
void remember_packets(const PipeName& pipe);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_KNOWN_PACKETS_H_
