// The mistake: a system without splice is not thought of. Short counts and interruptions are.
#include <errno.h>

#include "copy.h"

namespace {

ssize_t uninterrupted(int from, int to, size_t length) {
  ssize_t n;
  do {
    n = splice(from, nullptr, to, nullptr, length, SPLICE_F_MOVE);
  } while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  Copy copy;
  if (!open_copy(argc, argv, &copy)) return 2;
  for (;;) {
    ssize_t left = uninterrupted(copy.in, copy.ends[1], 65536);
    if (left == 0) return 0;
    while (left > 0) {
      const ssize_t n = uninterrupted(copy.ends[0], copy.out, static_cast<size_t>(left));
      if (n <= 0) break;
      left -= n;
    }
    if (left != 0) {
      perror("splice");
      return 1;
    }
  }
}
