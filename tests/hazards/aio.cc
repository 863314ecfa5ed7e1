// POSIX AIO on pipes: libc's own threads read and write, inside it.
#include <aio.h>

#include "hazard.h"

using namespace hazard;

namespace {

struct Job {
  Job(int fd, std::string_view bytes, int what) : room(bytes) {
    control.aio_fildes = fd;
    control.aio_buf = room.data();
    control.aio_nbytes = room.size();
    control.aio_lio_opcode = what;
  }
  // What it moved.
  std::string finish() {
    const aiocb* const jobs[] = {&control};
    const timespec limit{5, 0};
    CHECK_EQ(aio_suspend(jobs, 1, &limit), 0);
    CHECK_EQ(aio_error(&control), 0);
    return room.substr(0, static_cast<size_t>(aio_return(&control)));
  }

  std::string room;
  aiocb control{};
};

std::string read_by_aio(int fd, size_t length) {
  Job job(fd, std::string(length, '\0'), LIO_READ);
  CHECK_EQ(aio_read(&job.control), 0);
  return job.finish();
}

}  // namespace

HAZARD(reads) {
  const Teed teed("abcdef");
  CHECK_EQ(read_by_aio(teed.pipe.r, 3), "abc");
  CHECK_EQ(read_by_aio(teed.copy.r, 9), "abcdef");
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 10, 0), 3);
  CHECK_EQ(read_by_aio(teed.copy.r, 9), "def");
}

HAZARD(writes) {
  const Teed teed("abc");
  Job job(teed.pipe.w, "def", LIO_WRITE);
  CHECK_EQ(aio_write(&job.control), 0);
  CHECK_EQ(job.finish(), "def");
  put(teed.pipe.w, "ghi");
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 20, 0), 9);
  CHECK_EQ(take(teed.copy.r, 12), "abcabcdefghi");
}

HAZARD(reads_before_there_is_anything) {
  const Teed teed("abc");
  CHECK_EQ(take(teed.pipe.r, 3), "abc");
  Job job(teed.pipe.r, std::string(3, '\0'), LIO_READ);
  CHECK_EQ(aio_read(&job.control), 0);
  sleep_ms(20);
  CHECK_EQ(splice(teed.copy.r, nullptr, teed.pipe.w, nullptr, 3, 0), 3);
  CHECK_EQ(job.finish(), "abc");
}

HAZARD(lists) {
  const Teed teed("abcdef");
  Job read(teed.pipe.r, std::string(6, '\0'), LIO_READ);
  Job nothing(teed.copy.w, "no", LIO_NOP);
  Job write(teed.copy.w, "ghi", LIO_WRITE);
  aiocb* jobs[] = {&read.control, nullptr, &nothing.control, &write.control};
  CHECK_EQ(lio_listio(LIO_WAIT, jobs, 4, nullptr), 0);
  CHECK_EQ(read.finish(), "abcdef");
  CHECK_EQ(write.finish(), "ghi");
  CHECK_EQ(take(teed.copy.r, 9), "abcdefghi");
}
