// A program that knows nothing of splice, started with a pipe as its stdin. Built with and without
// libc in a shared object.
//
//   peer cat       stdin to stdout until the end
//   peer receive   gets a descriptor over the socket that is stdin, then as cat from that
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../tools/descriptor_message.h"

namespace {

int received() {
  DescriptorMessage message;
  return recvmsg(0, message.header(), 0) == 1 ? message.descriptor() : -1;
}

}  // namespace

int main(int argc, char** argv) {
  const bool receive = argc > 1 && strcmp(argv[1], "receive") == 0;
  const int from = receive ? received() : 0;
  char bytes[4096];
  for (;;) {
    const ssize_t n = read(from, bytes, sizeof(bytes));
    if (n <= 0) return n == 0 ? 0 : 1;
    if (write(1, bytes, static_cast<size_t>(n)) != n) return 1;
  }
}
