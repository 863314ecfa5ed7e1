// Two ends of one connection: what a hazard program uses, and its peer.
#ifndef ANYSPLICE_TESTS_HAZARDS_PAIRS_H_
#define ANYSPLICE_TESTS_HAZARDS_PAIRS_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hazard.h"

namespace hazard {

struct Pair {
  int ours;
  int peer;
};

// kSmall: as small as they come, from us to the peer.
enum class Buffers { kUsual, kSmall };

inline Pair tcp(Buffers buffers = Buffers::kUsual) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int ours = socket(AF_INET, SOCK_STREAM, 0);
  if (buffers == Buffers::kSmall) {
    const int small = 1;
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  CHECK_EQ(connect(ours, reinterpret_cast<sockaddr*>(&address), size), 0);
  const int peer = accept(listener, nullptr, nullptr);
  CHECK(peer >= 0);
  close(listener);
  return {ours, peer};
}

inline Pair sockets(int type) {
  int fds[2];
  CHECK_EQ(socketpair(AF_UNIX, type, 0, fds), 0);
  return {fds[0], fds[1]};
}

}  // namespace hazard

#endif  // ANYSPLICE_TESTS_HAZARDS_PAIRS_H_
