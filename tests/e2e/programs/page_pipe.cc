// What checkpointing does: pages go into a pipe by vmsplice with GIFT and NONBLOCK until it is
// full, and from there into a file. FILE; prints every answer.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kPages = 1000;

// Pieces of 1 to 7 pages with gaps between them, as the pages in use of a program lie.
std::vector<iovec> pieces_of(char* memory) {
  std::vector<iovec> pieces;
  for (size_t at = 0, i = 0; at < kPages; ++i) {
    const size_t pages = std::min(i % 7 + 1, kPages - at);
    pieces.push_back({memory + at * kPage, pages * kPage});
    at += pages + i % 3;
  }
  return pieces;
}

// Puts in what goes in; drops it from the pieces.
void fill(int pipe, std::vector<iovec>* pieces) {
  while (!pieces->empty()) {
    const size_t count = std::min<size_t>(pieces->size(), 16);
    ssize_t n = vmsplice(pipe, pieces->data(), count, SPLICE_F_GIFT | SPLICE_F_NONBLOCK);
    printf("vmsplice %zd%s\n", n, n < 0 && errno == EAGAIN ? " EAGAIN" : "");
    if (n < 0) return;
    while (n > 0) {
      iovec& first = pieces->front();
      const size_t taken = std::min(first.iov_len, static_cast<size_t>(n));
      first = {static_cast<char*>(first.iov_base) + taken, first.iov_len - taken};
      n -= static_cast<ssize_t>(taken);
      if (first.iov_len == 0) pieces->erase(pieces->begin());
    }
  }
}

void drain(int pipe, int file) {
  ssize_t n;
  while ((n = splice(pipe, nullptr, file, nullptr, 1 << 20, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)) >
         0) {
    printf("splice %zd\n", n);
  }
  printf("splice %zd%s\n", n, n < 0 && errno == EAGAIN ? " EAGAIN" : "");
}

}  // namespace

int main(int argc, char** argv) {
  const int file = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
  if (file < 0) return 2;
  for (const int size : {0, 256 * 1024, 1024 * 1024}) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    if (size > 0) printf("size %d\n", fcntl(ends[1], F_SETPIPE_SZ, size));
    void* const memory =
        mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    for (size_t i = 0; i < kPages; ++i) {
      memset(static_cast<char*>(memory) + i * kPage, static_cast<int>('a' + i % 26), kPage);
    }
    std::vector<iovec> pieces = pieces_of(static_cast<char*>(memory));
    while (!pieces.empty()) {
      fill(ends[1], &pieces);
      // The program goes on, and is gone, while the last of its pages are in the pipe.
      if (pieces.empty()) munmap(memory, kPages * kPage);
      drain(ends[0], file);
    }
    close(ends[0]);
    close(ends[1]);
  }
  return 0;
}
