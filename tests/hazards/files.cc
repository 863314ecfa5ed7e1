// Files that are full, limited, growing, shrinking, sparse, or not what they seem.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "hazard.h"

using namespace hazard;

namespace {

// Splices a pipe's 60000 bytes into a file with room for 20480, then the same by sendfile.
void fill_up(int file, int error) {
  const std::string bytes = pattern(60000);
  const Pipe pipe;
  put(pipe.w, bytes);
  size_t done = 0;
  for (ssize_t n; (n = splice(pipe.r, nullptr, file, nullptr, bytes.size(), 0)) > 0;)
    done += static_cast<size_t>(n);
  CHECK_EQ(errno, error);
  CHECK(done > 0 && done < bytes.size());
  CHECK_EQ(take(pipe.r, bytes.size() - done), bytes.substr(done));
  CHECK_EQ(ready(pipe.r, POLLIN), 0);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(take(file, bytes.size()), bytes.substr(0, done));

  CHECK_EQ(ftruncate(file, 0), 0);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  char name[] = "/tmp/hazard.XXXXXX";
  rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  none.rlim_max = limit.rlim_max;
  none.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &none);
  const int source = mkstemp(name);
  CHECK(source >= 0);
  unlink(name);
  put(source, bytes);
  setrlimit(RLIMIT_FSIZE, &limit);
  CHECK_EQ(lseek(source, 0, SEEK_SET), 0);
  size_t sent = 0;
  for (ssize_t n; (n = sendfile(file, source, nullptr, bytes.size())) > 0;)
    sent += static_cast<size_t>(n);
  CHECK_EQ(errno, error);
  CHECK_EQ(sent, done);
  CHECK_EQ(lseek(source, 0, SEEK_CUR), static_cast<off_t>(sent));
}

// Makes the scratch folder a file system of its own.
void mount_small(const char* size) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("none", ".", "tmpfs", 0, size) != 0 || chdir(get_current_dir_name()) != 0) {
    skip("cannot mount a small file system");
  }
}

int memory_of(std::string_view bytes) {
  const int fd = memfd_create("source", MFD_CLOEXEC);
  CHECK(fd >= 0);
  put(fd, bytes);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

}  // namespace

HAZARD(no_space_left) {
  mount_small("size=20480");
  const int file = open("file", O_RDWR | O_CREAT, 0600);
  CHECK(file >= 0);
  fill_up(file, ENOSPC);
}

// What did not fit stays in the pipe until there is room again.
HAZARD(full_disk) {
  mount_small("size=1m");
  const int file = open("file", O_RDWR | O_CREAT, 0600);
  CHECK(file >= 0);
  const std::string bytes = pattern(1500000);
  const int source = memory_of(bytes);
  const Pipe pipe;
  size_t in = 0;
  size_t out = 0;
  while (out < bytes.size()) {
    if (in == out) {
      const ssize_t n = splice(source, nullptr, pipe.w, nullptr, 50000, 0);
      CHECK(n > 0);
      in += static_cast<size_t>(n);
    }
    const ssize_t n = splice(pipe.r, nullptr, file, nullptr, in - out, 0);
    if (n > 0) {
      out += static_cast<size_t>(n);
      continue;
    }
    CHECK_EQ(errno, ENOSPC);
    CHECK_EQ(out, size_t{1} << 20);
    CHECK_FAILS(splice(pipe.r, nullptr, file, nullptr, in - out, 0), ENOSPC);
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
    CHECK_EQ(take(file, bytes.size()), bytes.substr(0, out));
    CHECK_EQ(ftruncate(file, 0), 0);
    CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  }
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(take(file, bytes.size()), bytes.substr(size_t{1} << 20));
}

// Who does not ignore the signal gets it, once for each call that could not write all.
HAZARD(file_size_limit_signals) {
  static volatile sig_atomic_t signals;
  signal(SIGXFSZ, [](int) { signals = signals + 1; });
  const int file = file_of("");
  const int source = file_of("source");
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 6;
  CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Teed teed("12345678");
  CHECK_EQ(splice(teed.pipe.r, nullptr, file, nullptr, 8, 0), 6);
  CHECK_EQ(signals, 1);
  CHECK_FAILS(splice(teed.pipe.r, nullptr, file, nullptr, 2, 0), EFBIG);
  CHECK_EQ(signals, 2);
  CHECK_FAILS(sendfile(file, source, nullptr, 6), EFBIG);
  CHECK_EQ(signals, 3);
  off_t beyond = 100;
  CHECK_FAILS(splice(teed.copy.r, nullptr, file, &beyond, 8, 0), EFBIG);
  CHECK_EQ(signals, 4);
  CHECK_EQ(beyond, 100);
  CHECK_EQ(lseek(source, 0, SEEK_CUR), 0);
  CHECK_EQ(take(teed.pipe.r, 2), "78");
  CHECK_EQ(take(teed.copy.r, 8), "12345678");
  const pid_t child = start([&] {
    signal(SIGXFSZ, SIG_DFL);
    sendfile(file, source, nullptr, 6);
  });
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
}

HAZARD(file_size_limit) {
  signal(SIGXFSZ, SIG_IGN);
  const int file = file_of("");
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 20480;
  CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  fill_up(file, EFBIG);
}

HAZARD(file_that_grows) {
  const int file = file_of("");
  const Pipe pipe;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = pattern(777, static_cast<unsigned>(i));
    CHECK_EQ(pwrite(file, bytes.data(), bytes.size(), i * 777), 777);
    CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 1 << 20, 0), 777);
    CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 1 << 20, 0), 0);
    CHECK_EQ(take(pipe.r, 777), bytes);
  }
}

HAZARD(file_that_shrinks) {
  const std::string bytes(200000, 'x');
  const int file = file_of(bytes);
  const Pipe pipe;
  std::atomic<bool> stop{false};
  std::thread cutter([&] {
    while (!stop) {
      CHECK_EQ(ftruncate(file, 5000), 0);
      CHECK_EQ(pwrite(file, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }
  });
  for (int i = 0; i < 500; ++i) {
    off_t at = i % 20 * 9999;
    const ssize_t n = splice(file, &at, pipe.w, nullptr, 50000, 0);
    CHECK(n >= 0);
    const std::string got = take(pipe.r, static_cast<size_t>(n));
    // A page that is cut off in the middle of the copy may read as zeros.
    CHECK_EQ(got.find_first_not_of(std::string("x\0", 2)), std::string::npos);
  }
  stop = true;
  cutter.join();
}

HAZARD(file_with_a_hole) {
  const int file = file_of("start");
  CHECK_EQ(pwrite(file, "end", 3, 50000), 3);
  const Pipe pipe;
  const std::string all = "start" + std::string(49995, '\0') + "end";
  std::string got;
  for (ssize_t n; (n = splice(file, nullptr, pipe.w, nullptr, 1 << 20, 0)) > 0;)
    got += take(pipe.r, static_cast<size_t>(n));
  CHECK_EQ(got, all);
  off_t past = 1 << 20;
  CHECK_EQ(splice(file, &past, pipe.w, nullptr, 10, 0), 0);
}

HAZARD(direct_file) {
  const std::string bytes = pattern(32768);
  const int file = file_of(bytes, O_RDWR | O_DIRECT);
  if (file < 0) skip("no O_DIRECT here");
  const Pipe pipe;
  CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 32768, 0), 32768);
  CHECK_EQ(take(pipe.r, 32768), bytes);
  off_t start = 0;
  CHECK_EQ(sendfile(pipe.w, file, &start, 32768), 32768);
  off_t out = 0;
  CHECK_EQ(splice(pipe.r, nullptr, file, &out, 32768, 0), 32768);
}

HAZARD(append_only_file) {
  const int file = file_of("log", O_WRONLY | O_APPEND);
  const int source = file_of("source");
  const Teed teed("kept");
  CHECK_FAILS(splice(teed.pipe.r, nullptr, file, nullptr, 4, 0), EINVAL);
  CHECK_FAILS(sendfile(file, source, nullptr, 4), EINVAL);
  CHECK_EQ(take(teed.pipe.r, 4), "kept");
}

HAZARD(procfs_files_of_size_zero) {
  const int plain = open("/proc/version", O_RDONLY);
  const std::string all = take(plain, 10000);
  CHECK(all.size() > 10);
  const Pipe pipe;
  const int file = open("/proc/version", O_RDONLY);
  const auto size = static_cast<ssize_t>(all.size());
  CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 10000, 0), size);
  CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 10000, 0), 0);
  CHECK_EQ(take(pipe.r, all.size()), all);
  off_t start = 6;
  CHECK_EQ(sendfile(pipe.w, file, &start, 10000), size - 6);
  CHECK_EQ(take(pipe.r, all.size() - 6), all.substr(6));
}
