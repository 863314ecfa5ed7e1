// Processes that may have no more memory or descriptors, and what we leave lying about.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <set>

#include "hazard.h"

using namespace hazard;

namespace {

void limit(__rlimit_resource what, rlim_t most) {
  rlimit now;
  CHECK_EQ(getrlimit(what, &now), 0);
  now.rlim_cur = most;
  CHECK_EQ(setrlimit(what, &now), 0);
}

// All four calls once around.
void use_all(const Pipe& a, const Pipe& b, int file) {
  char bytes[5] = {};
  const iovec iov{bytes, 4};
  off_t start = 0;
  CHECK_EQ(splice(file, &start, a.w, nullptr, 4, 0), 4);
  CHECK_EQ(tee(a.r, b.w, 4, 0), 4);
  CHECK_EQ(splice(a.r, nullptr, b.w, nullptr, 4, 0), 4);
  CHECK_EQ(vmsplice(b.r, &iov, 1, 0), 4);
  CHECK_EQ(std::string(bytes), "file");
  CHECK_EQ(vmsplice(a.w, &iov, 1, 0), 4);
  start = 0;
  CHECK_EQ(sendfile(a.w, file, &start, 4), 4);
  CHECK_EQ(take(a.r, 8), "filefile");
  CHECK_EQ(take(b.r, 4), "file");
}

std::set<std::string> descriptors(const std::string& of) {
  std::set<std::string> names;
  DIR* folder = opendir(("/proc/" + of + "/fd").c_str());
  CHECK(folder != nullptr);
  while (const dirent* entry = readdir(folder)) names.insert(entry->d_name);
  if (of == "self") names.erase(std::to_string(dirfd(folder)));
  closedir(folder);
  return names;
}

}  // namespace

HAZARD(little_address_space) {
  const int file = file_of("file");
  limit(RLIMIT_AS, 200 << 20);
  const Pipe a, b;
  use_all(a, b, file);
  const int sink = file_of("");
  CHECK_EQ(sendfile(sink, file, nullptr, 10), 4);
}

HAZARD(no_address_space_left) {
  const int file = file_of("file");
  const Pipe a, b;
  use_all(a, b, file);
  limit(RLIMIT_AS, 0);
  use_all(a, b, file);
  const Pipe c, d;
  use_all(c, d, file);
}

// Who has no memory from the start cannot be helped, but loses nothing.
HAZARD(no_address_space_from_the_start) {
  const int file = file_of("file");
  const Pipe a, b;
  limit(RLIMIT_AS, 0);
  put(a.w, "abc");
  const auto worked = [](ssize_t n, ssize_t all) {
    CHECK(n == all || (n == -1 && errno == ENOMEM));
    return n == all;
  };
  const bool linked = worked(tee(a.r, b.w, 3, 0), 3);
  const bool moved = worked(splice(a.r, nullptr, b.w, nullptr, 3, 0), 3);
  off_t start = 0;
  const bool sent = worked(splice(file, &start, b.w, nullptr, 4, 0), 4);
  const bool copied = worked(sendfile(b.w, file, nullptr, 4), 4);
  char bytes[4] = "xyz";
  const iovec iov{bytes, 3};
  const bool given = worked(vmsplice(b.w, &iov, 1, 0), 3);
  CHECK_EQ(start, sent ? 4 : 0);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), copied ? 4 : 0);
  std::string expected;
  if (linked) expected += "abc";
  if (moved) expected += "abc";
  if (sent) expected += "file";
  if (copied) expected += "file";
  if (given) expected += "xyz";
  close(b.w);
  close(a.w);
  CHECK_EQ(take(b.r, 100), expected);
  CHECK_EQ(take(a.r, 100), moved ? "" : "abc");
}

HAZARD(no_descriptors_left) {
  const int file = file_of("file");
  const Pipe a, b;
  limit(RLIMIT_NOFILE, 0);
  use_all(a, b, file);
  CHECK_FAILS(dup(a.r), EMFILE);
}

// poll(2) of one descriptor is refused then.
HAZARD(no_descriptors_left_and_pipes_that_wait) {
  const int file = file_of(std::string(100000, 'f'));
  const Pipe empty, full, some, broken, unblocked(O_NONBLOCK);
  signal(SIGPIPE, SIG_IGN);
  off_t start = 0;
  while (splice(file, &start, full.w, nullptr, 65536, SPLICE_F_NONBLOCK) > 0) continue;
  put(some.w, "some");
  close(broken.r);
  char bytes[4];
  const iovec iov{bytes, 4};
  const pid_t writer = hazard::start([&] {
    sleep_ms(100);
    put(empty.w, "wait");
    sleep_ms(100);
    put(unblocked.w, "also");
  });
  limit(RLIMIT_NOFILE, 0);
  constexpr unsigned kNow = SPLICE_F_NONBLOCK;
  CHECK_FAILS(splice(empty.r, nullptr, some.w, nullptr, 4, kNow), EAGAIN);
  CHECK_FAILS(splice(some.r, nullptr, full.w, nullptr, 4, kNow), EAGAIN);
  CHECK_FAILS(splice(some.r, nullptr, broken.w, nullptr, 4, kNow), EPIPE);
  CHECK_FAILS(splice(file, &start, full.w, nullptr, 4, kNow), EAGAIN);
  CHECK_FAILS(splice(file, &start, broken.w, nullptr, 4, kNow), EPIPE);
  CHECK_FAILS(tee(empty.r, some.w, 4, kNow), EAGAIN);
  CHECK_FAILS(tee(some.r, full.w, 4, kNow), EAGAIN);
  CHECK_FAILS(tee(some.r, broken.w, 4, kNow), EPIPE);
  CHECK_FAILS(vmsplice(empty.r, &iov, 1, kNow), EAGAIN);
  CHECK_FAILS(vmsplice(full.w, &iov, 1, kNow), EAGAIN);
  CHECK_FAILS(vmsplice(broken.w, &iov, 1, kNow), EPIPE);
  CHECK_EQ(splice(empty.r, nullptr, some.w, nullptr, 4, 0), 4);
  CHECK_EQ(vmsplice(unblocked.r, &iov, 1, 0), 4);
  CHECK_EQ(std::string(bytes, 4), "also");
  CHECK_EQ(take(some.r, 8), "somewait");
  finish(writer);
}

HAZARD(close_loop_over_a_million) {
  const Teed teed("kept");
  const int file = file_of("file");
  const int high = 500;
  CHECK_EQ(dup2(teed.pipe.r, high), high);
  const clock_t start = clock();  // of the processor: the machine may be busy
  for (int fd = 3; fd < 1000000; ++fd) {
    if (fd != high) close(fd);
  }
  CHECK(clock() - start < 3 * CLOCKS_PER_SEC);
  CHECK_FAILS(read(file, nullptr, 0), EBADF);
  CHECK_EQ(take(high, 10), "kept");
  const Pipe a, b;
  use_all(a, b, file_of("file"));
}

HAZARD(no_descriptor_of_ours) {
  const std::set<std::string> before = descriptors("self");
  const int file = file_of("file");
  const Pipe a, b;
  use_all(a, b, file);
  finish(start([&] { use_all(a, b, file); }));
  std::set<std::string> mine = before;
  for (const int fd : {file, a.r, a.w, b.r, b.w}) mine.insert(std::to_string(fd));
  CHECK(descriptors("self") == mine);
}

// Where no more memory is to be had, what a pipe of the kernel's can take is still taken.
HAZARD(full_pipes_without_memory) {
  static char bytes[65536] __attribute__((aligned(4096)));
  constexpr int kPipes = 40;
  const int file = file_of(pattern(sizeof(bytes)));
  for (const bool from_file : {false, true}) {
    finish(start([&] {
      Pipe pipes[kPipes];
      const rlimit little{1 << 20, 1 << 20};
      CHECK_EQ(setrlimit(RLIMIT_AS, &little), 0);
      const iovec iov{bytes, sizeof(bytes)};
      for (const Pipe& p : pipes) {
        off_t at = 0;
        const ssize_t n = from_file
                              ? splice(file, &at, p.w, nullptr, sizeof(bytes), SPLICE_F_NONBLOCK)
                              : vmsplice(p.w, &iov, 1, SPLICE_F_NONBLOCK);
        CHECK_EQ(n, static_cast<ssize_t>(sizeof(bytes)));
      }
    }));
  }
}
