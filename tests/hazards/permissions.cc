// What a descriptor, a file or a page of memory does not allow is not allowed by going through
// anysplice either.
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <fstream>

#include "hazard.h"

using namespace hazard;

namespace {

std::string contents(int fd) {
  std::string bytes(100, '\0');
  const ssize_t n = pread(fd, bytes.data(), bytes.size(), 0);
  CHECK(n >= 0);
  bytes.resize(static_cast<size_t>(n));
  return bytes;
}

// The same file by another descriptor.
int again(int fd, int flags) {
  const int other = open(("/proc/self/fd/" + std::to_string(fd)).c_str(), flags | O_CLOEXEC);
  CHECK(other >= 0);
  return other;
}

int sealed(std::string_view bytes, int seals) {
  const int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  if (fd < 0) skip("no memfd_create");
  put(fd, bytes);
  CHECK_EQ(fcntl(fd, F_ADD_SEALS, seals), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

// A page with these bytes at its start and that protection.
char* page_of(std::string_view bytes, int protection) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  memcpy(page, bytes.data(), bytes.size());
  CHECK_EQ(mprotect(page, 4096, protection), 0);
  return static_cast<char*>(page);
}

}  // namespace

HAZARD(ends_that_only_read_or_only_write) {
  const int file = file_of("file");
  const int reader = again(file, O_RDONLY);
  const int writer = again(file, O_WRONLY);
  const Pipe a, b;
  put(a.w, "pipe");
  CHECK_FAILS(splice(a.r, nullptr, reader, nullptr, 4, 0), EBADF);
  CHECK_FAILS(splice(writer, nullptr, a.w, nullptr, 4, 0), EBADF);
  CHECK_FAILS(sendfile(reader, file, nullptr, 4), EBADF);
  CHECK_FAILS(sendfile(b.w, writer, nullptr, 4), EBADF);
  CHECK_FAILS(splice(a.w, nullptr, b.w, nullptr, 4, 0), EBADF);
  CHECK_FAILS(splice(a.r, nullptr, b.r, nullptr, 4, 0), EBADF);
  CHECK_FAILS(tee(b.w, a.w, 4, 0), EBADF);
  CHECK_FAILS(tee(a.r, b.r, 4, 0), EBADF);
  CHECK_EQ(contents(file), "file");
  CHECK_EQ(take(a.r, 4), "pipe");
}

HAZARD(sealed_against_writing) {
  for (const int seal : {F_SEAL_WRITE, F_SEAL_FUTURE_WRITE}) {
    const int file = sealed("sealed", seal);
    const int source = file_of("source");
    const Pipe p;
    put(p.w, "pipe");
    CHECK_FAILS(splice(p.r, nullptr, file, nullptr, 4, 0), EPERM);
    CHECK_FAILS(sendfile(file, source, nullptr, 4), EPERM);
    CHECK_EQ(lseek(source, 0, SEEK_CUR), 0);
    CHECK_EQ(contents(file), "sealed");
    CHECK_EQ(take(p.r, 4), "pipe");
    // To read it is allowed.
    CHECK_EQ(splice(file, nullptr, p.w, nullptr, 6, 0), 6);
    CHECK_EQ(take(p.r, 6), "sealed");
  }
}

HAZARD(sealed_against_growing) {
  const int file = sealed("sealed", F_SEAL_GROW);
  const Pipe p;
  put(p.w, "pipe");
  off_t end = 6;
  CHECK_FAILS(splice(p.r, nullptr, file, &end, 4, 0), EPERM);
  CHECK_EQ(end, 6);
  off_t start = 0;
  CHECK_EQ(splice(p.r, nullptr, file, &start, 4, 0), 4);
  CHECK_EQ(contents(file), "pipeed");
}

// The same for bytes that are no longer where the kernel put them.
HAZARD(held_bytes_and_files_that_do_not_take_them) {
  const struct {
    int file;
    int error;
  } cases[] = {
      {sealed("sealed", F_SEAL_WRITE), EPERM},
      {sealed("sealed", F_SEAL_FUTURE_WRITE), EPERM},
      {again(file_of("file"), O_RDONLY), EBADF},
      {again(file_of("file"), O_WRONLY | O_APPEND), EINVAL},
  };
  for (const auto& [file, error] : cases) {
    const Teed teed("held");
    for (const int from : {teed.pipe.r, teed.copy.r}) {
      CHECK_FAILS(splice(from, nullptr, file, nullptr, 4, 0), error);
      CHECK_EQ(take(from, 4), "held");
    }
  }
}

// To put bytes back somebody has to write to the pipe. Who may not open it for that does not get
// to.
HAZARD(bytes_of_a_pipe_that_may_not_be_written) {
  if (getuid() != 0) skip("needs root to become somebody else");
  umask(0);
  CHECK_EQ(mkfifo("fifo", 0644), 0);
  const int fifo = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int writer = open("fifo", O_WRONLY | O_CLOEXEC);
  CHECK_EQ(fcntl(fifo, F_SETFL, 0), 0);
  const Pipe p;
  put(writer, "bytes");
  put(p.w, "bytes");
  finish(start([&] {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK(dup2(null, 2) == 2);  // it is said if bytes cannot be put back
    close(writer);
    close(p.w);
    CHECK_EQ(setgid(65534), 0);
    CHECK_EQ(setuid(65534), 0);
    const Pipe copy;
    const int set = epoll_create1(EPOLL_CLOEXEC);
    for (const int fd : {fifo, p.r}) {
      const std::string path = "/proc/self/fd/" + std::to_string(fd);
      CHECK_FAILS(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), EACCES);
      CHECK_EQ(tee(fd, copy.w, 5, 0), 5);
      epoll_event event{};
      CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);  // a reason to put them back
      CHECK_EQ(take(fd, 5), "bytes");
      CHECK_EQ(take(copy.r, 5), "bytes");
    }
  }));
}

HAZARD(memory_that_may_only_be_read) {
  char* page = page_of("mine", PROT_READ);
  const iovec to{page, 4};
  const Pipe p, copy;
  // In every place where the bytes can be: the kernel's pipe, held, in a ring.
  put(p.w, "pipe");
  CHECK_FAILS(vmsplice(p.r, &to, 1, 0), EFAULT);
  CHECK_FAILS(read(p.r, page, 4), EFAULT);
  CHECK_EQ(tee(p.r, copy.w, 4, 0), 4);
  CHECK_FAILS(vmsplice(p.r, &to, 1, 0), EFAULT);
  CHECK_FAILS(read(copy.r, page, 4), EFAULT);
  CHECK_EQ(std::string(page, 4), "mine");
  CHECK_EQ(take(p.r, 4), "pipe");
  CHECK_EQ(take(copy.r, 4), "pipe");
  // An offset that cannot be written back.
  const int file = file_of("file");
  char* offset = page_of(std::string(8, '\0'), PROT_READ);
  CHECK_FAILS(splice(file, reinterpret_cast<off_t*>(offset), p.w, nullptr, 4, 0), EFAULT);
}

HAZARD(memory_that_may_not_be_read) {
  char* page = page_of("mine", PROT_NONE);
  const iovec from{page, 4};
  const Pipe p;
  CHECK_FAILS(vmsplice(p.w, &from, 1, 0), EFAULT);
  put(p.w, "pipe");
  CHECK_EQ(take(p.r, 4), "pipe");
}

// Pages that a pipe leaves behind have other bytes when they are used again.
HAZARD(kept_pages_show_nothing) {
  const std::string secret = pattern(60000);
  const Pipe first;
  put(first.w, secret);
  const Pipe copy;
  CHECK_EQ(tee(first.r, copy.w, secret.size(), 0), 60000);
  CHECK(take(first.r, secret.size()) == secret);
  CHECK(take(copy.r, secret.size()) == secret);
  for (const int size : {1, 3, 4095, 4096}) {
    const int file = file_of(std::string(static_cast<size_t>(size), 'f'));
    const Pipe pipe, out;
    for (int piece = 0; piece < 5; ++piece) {
      off_t start = 0;
      CHECK_EQ(splice(file, &start, pipe.w, nullptr, 60000, 0), size);
      put(pipe.w, "w");
    }
    const int sink = file_of("");
    const ssize_t all = (size + 1) * 5;
    CHECK_EQ(tee(pipe.r, out.w, 60000, 0), all);
    CHECK_EQ(splice(pipe.r, nullptr, sink, nullptr, 60000, 0), all);
    std::string expected;
    for (int piece = 0; piece < 5; ++piece) {
      expected += std::string(static_cast<size_t>(size), 'f') + "w";
    }
    CHECK_EQ(lseek(sink, 0, SEEK_SET), 0);
    CHECK(take(sink, 100000) == expected);
    close(out.w);
    CHECK(take(out.r, 100000) == expected);
  }
}

// What the engine shares with forked children has no name by which others could reach it.
HAZARD(shared_memory_has_no_name) {
  const Teed teed("held");
  finish(start([&] { CHECK_EQ(take(teed.copy.r, 2), "he"); }));
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t protection = line.find(' ') + 1;
    if (line[protection + 3] != 's') continue;
    // Shared anonymous memory is shown so, whatever its inode.
    CHECK(line.ends_with("/dev/zero (deleted)"));
    // Nobody but its users runs or maps it.
    CHECK(line[protection + 2] != 'x');
  }
  DIR* shm = opendir("/dev/shm");
  while (const dirent* entry = shm == nullptr ? nullptr : readdir(shm)) {
    CHECK(strstr(entry->d_name, "anysplice") == nullptr);
  }
}
