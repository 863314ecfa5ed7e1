// io_uring in the process: its system calls cannot be seen.
#include <fcntl.h>
#include <liburing.h>

#include "hazard.h"

using namespace hazard;

namespace {

io_uring ring;

void open_ring() {
  if (const int error = io_uring_queue_init(8, &ring, 0); error != 0) {
    skip("io_uring is refused here: " + std::to_string(-error));
  }
}

int complete() {
  CHECK_EQ(io_uring_submit_and_wait(&ring, 1), 1);
  io_uring_cqe* done;
  CHECK_EQ(io_uring_wait_cqe(&ring, &done), 0);
  const int result = done->res;
  io_uring_cqe_seen(&ring, done);
  return result;
}

std::string read_by_ring(int fd, unsigned length) {
  std::string bytes(length, '\0');
  io_uring_prep_read(io_uring_get_sqe(&ring), fd, bytes.data(), length, 0);
  const int n = complete();
  CHECK(n >= 0);
  bytes.resize(static_cast<size_t>(n));
  return bytes;
}

void write_by_ring(int fd, std::string_view bytes) {
  io_uring_prep_write(io_uring_get_sqe(&ring), fd, bytes.data(),
                      static_cast<unsigned>(bytes.size()), 0);
  CHECK_EQ(complete(), static_cast<int>(bytes.size()));
}

}  // namespace

HAZARD(pipe_from_before) {
  const Teed teed("abcdef");
  open_ring();
  CHECK_EQ(read_by_ring(teed.pipe.r, 3), "abc");
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 3);
  CHECK_EQ(read_by_ring(teed.pipe.r, 3), "def");
  CHECK_EQ(read_by_ring(teed.copy.r, 9), "abcdefdef");
}

HAZARD(pipe_from_after) {
  open_ring();
  const Teed teed("abcdef");
  CHECK_EQ(read_by_ring(teed.pipe.r, 3), "abc");
  put(teed.pipe.w, "ghi");
  write_by_ring(teed.pipe.w, "jkl");
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 1, 0), 1);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 8);
  CHECK_EQ(read_by_ring(teed.pipe.r, 8), "efghijkl");
  CHECK_EQ(take(teed.copy.r, 15), "abcdefdefghijkl");
}

// `anysplice run --block` is no sandbox.
HAZARD(splice_by_a_ring) {
  open_ring();
  const Pipe from, to;
  put(from.w, "abc");
  io_uring_prep_splice(io_uring_get_sqe(&ring), from.r, -1, to.w, -1, 3, 0);
  CHECK_EQ(complete(), 3);
  CHECK_EQ(take(to.r, 3), "abc");
}
