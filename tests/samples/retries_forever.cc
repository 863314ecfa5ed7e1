// The mistake: every error is taken for an interruption.
#include "copy.h"

namespace {

ssize_t stubborn(int from, int to, size_t length) {
  ssize_t n;
  do {
    n = splice(from, nullptr, to, nullptr, length, 0);
  } while (n < 0);
  return n;
}

}  // namespace

int main(int argc, char** argv) {
  Copy copy;
  if (!open_copy(argc, argv, &copy)) return 2;
  while (ssize_t left = stubborn(copy.in, copy.ends[1], 65536)) {
    while (left > 0) left -= stubborn(copy.ends[0], copy.out, static_cast<size_t>(left));
  }
  return 0;
}
