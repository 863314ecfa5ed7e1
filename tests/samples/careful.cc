// No mistake: short counts, interruptions, and any other error, after which read and write go on
// from where splice stopped.
#include <errno.h>
#include <stdint.h>

#include <vector>

#include "copy.h"

namespace {

// Bytes, 0 at the end, -1 for an error that will not go away.
ssize_t uninterrupted(int from, int to, size_t length) {
  ssize_t n;
  do {
    n = splice(from, nullptr, to, nullptr, length, 0);
  } while (n < 0 && errno == EINTR);
  return n;
}

bool write_all(int to, const char* data, ssize_t length) {
  while (length > 0) {
    const ssize_t n = write(to, data, static_cast<size_t>(length));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    length -= n;
  }
  return true;
}

// At most so many bytes, by read and write; until the end if there are fewer.
bool copy_plainly(int from, int to, size_t length) {
  std::vector<char> buffer(65536);
  while (length > 0) {
    const size_t want = length < buffer.size() ? length : buffer.size();
    const ssize_t n = read(from, buffer.data(), want);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) return true;
    if (n < 0 || !write_all(to, buffer.data(), n)) return false;
    length -= static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Copy copy;
  if (!open_copy(argc, argv, &copy)) return 2;
  for (;;) {
    ssize_t left = uninterrupted(copy.in, copy.ends[1], 65536);
    if (left == 0) return 0;
    if (left < 0) return copy_plainly(copy.in, copy.out, SIZE_MAX) ? 0 : 1;
    while (left > 0) {
      const ssize_t n = uninterrupted(copy.ends[0], copy.out, static_cast<size_t>(left));
      if (n < 0) {
        if (!copy_plainly(copy.ends[0], copy.out, static_cast<size_t>(left))) return 1;
        break;
      }
      left -= n;
    }
  }
}
