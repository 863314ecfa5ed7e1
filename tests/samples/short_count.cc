// The mistake: what went into the pipe is taken to come out of it by one call.
#include "copy.h"

int main(int argc, char** argv) {
  Copy copy;
  if (!open_copy(argc, argv, &copy)) return 2;
  for (;;) {
    const ssize_t n = splice(copy.in, nullptr, copy.ends[1], nullptr, 65536, SPLICE_F_MOVE);
    if (n == 0) return 0;
    if (n < 0 || splice(copy.ends[0], nullptr, copy.out, nullptr, static_cast<size_t>(n), 0) < 0) {
      perror("splice");
      return 1;
    }
  }
}
