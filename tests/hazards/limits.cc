// Processes that may have no more memory or descriptors, and what we leave lying about.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

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

long resident_kib() {
  FILE* file = fopen("/proc/self/status", "r");
  CHECK(file != nullptr);
  char line[200];
  long kib = -1;
  while (fgets(line, sizeof(line), file) != nullptr) {
    if (strncmp(line, "VmRSS:", 6) == 0) kib = atol(line + 6);
  }
  fclose(file);
  return kib;
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

HAZARD(no_descriptors_left) {
  const int file = file_of("file");
  const Pipe a, b;
  limit(RLIMIT_NOFILE, 0);
  use_all(a, b, file);
  CHECK_FAILS(dup(a.r), EMFILE);
}

HAZARD(close_loop_over_a_million) {
  const Teed teed("kept");
  const int file = file_of("file");
  const int high = 500;
  CHECK_EQ(dup2(teed.pipe.r, high), high);
  const double start = seconds();
  for (int fd = 3; fd < 1000000; ++fd) {
    if (fd != high) close(fd);
  }
  CHECK(seconds() - start < 3);
  CHECK_FAILS(read(file, nullptr, 0), EBADF);
  CHECK_EQ(take(high, 10), "kept");
  const Pipe a, b;
  use_all(a, b, file_of("file"));
}

HAZARD(twenty_thousand_pipes) {
  const int file = file_of("file");
  long before = 0;
  for (int i = 0; i < 20000; ++i) {
    const Pipe a, b;
    off_t start = 0;
    CHECK_EQ(splice(file, &start, a.w, nullptr, 4, 0), 4);
    CHECK_EQ(tee(a.r, b.w, 4, 0), 4);
    if (i % 3 == 0) CHECK_EQ(take(b.r, 4), "file");
    for (const int fd : {a.r, a.w, b.r, b.w}) close(fd);
    if (i == 1000) before = resident_kib();
  }
  CHECK(resident_kib() < before + 4096);
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
