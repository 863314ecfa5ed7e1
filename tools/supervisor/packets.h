// Pipes of packets (O_DIRECT, pipe(2)): a read takes one packet, and drops what it has no room for.
// The engine takes care of that if it sees the flag, which a read end does not show. So it is shown
// there, from the first on that anybody asks for packets (known_packets.h).
//
// Thread-safe, but for show_packets().
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_PACKETS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_PACKETS_H_

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// Has the engine see the flag at read ends, too, as long as a ShownPackets says so. To be called
// once, before there are threads.
void show_packets();

// As long as this object lives the thread that made it sees the flag at our descriptor `ours`, if
// somebody is known to write, or to have written, packets to that pipe: it was made for them, or
// was given the flag by fcntl(2), or this program has a write end with it.
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
