// Pipes of packets (O_DIRECT, pipe(2)): a read takes one packet, and drops what it has no room for.
// A write end shows that it makes them, a read end does not. So the filter tells when a program
// asks for packets (filter.h), and from then on it is looked who writes to a pipe.
//
// Thread-safe, but for show_packets().
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_PACKETS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_PACKETS_H_

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// Has the engine see the flag at read ends, too, as long as a ShownPackets says so. To be called
// once, before there are threads.
void show_packets();

// A thread is about to make a pipe of packets, or (`fd` is not -1) one of that.
void note_packets(Target& target, int fd);

// As long as this object lives the thread that made it sees the flag at our descriptor `ours`, if
// somebody is known to write packets to that pipe: who has set the flag by fcntl(2), or this
// program, which has a write end with it.
class ShownPackets {
 public:
  ShownPackets(const Target& target, int ours);
  ~ShownPackets();
  ShownPackets(const ShownPackets&) = delete;
  ShownPackets& operator=(const ShownPackets&) = delete;

 private:
  const int ours_;  // or -1
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_PACKETS_H_
