// Very many short-lived pipes: nothing of them stays. HAZARD_TIMES=20 makes a million of them.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include <fstream>
#include <thread>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr int kPipes = 50000;

struct Used {
  long resident_kib;
  long mappings;
  long descriptors;
};

Used used() {
  Used now{0, 0, 0};
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) now.resident_kib = atol(line.c_str() + 6);
  }
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) ++now.mappings;
  DIR* folder = opendir("/proc/self/fd");
  CHECK(folder != nullptr);
  while (readdir(folder) != nullptr) ++now.descriptors;
  closedir(folder);
  return now;
}

// Makes pipes, moves something, and closes them, in a different state each time.
void make_and_close(int file, int count) {
  char memory[8];
  const iovec iov{memory, sizeof(memory)};
  for (int i = 0; i < count; i += 2) {
    const Pipe a, b;
    off_t start = 0;
    CHECK_EQ(splice(file, &start, a.w, nullptr, 4, 0), 4);
    CHECK_EQ(tee(a.r, b.w, 4, 0), 4);
    switch (i / 2 % 5) {
      case 0:  // read
        CHECK_EQ(read(b.r, memory, sizeof(memory)), 4);
        CHECK_EQ(vmsplice(a.r, &iov, 1, 0), 4);
        break;
      case 1:  // full of bytes of each other
        CHECK_EQ(splice(a.r, nullptr, b.w, nullptr, 4, 0), 4);
        break;
      case 2:  // the kernel's, by a wait for them
        CHECK_EQ(ready(b.w, POLLOUT, 1), POLLOUT);
        CHECK_EQ(ready(a.r, POLLIN, 1), POLLIN);
        CHECK_EQ(tee(a.r, b.w, 4, 0), 4);
        break;
      case 3:  // copied
        CHECK(dup2(a.r, b.r) == b.r);
        break;
      default:
        break;
    }
    for (const int fd : {a.r, a.w, b.r, b.w}) close(fd);
  }
}

void nothing_stays(int threads) {
  const int file = file_of("file");
  const auto all = [&](int count) {
    std::vector<std::thread> makers;
    for (int i = 0; i < threads; ++i) {
      makers.emplace_back([&] { make_and_close(file, count / threads); });
    }
    for (std::thread& maker : makers) maker.join();
  };
  all(2000);
  const Used before = used();
  all(kPipes * times());
  const Used after = used();
  // An entry of 100 bytes for each of them would be more.
  CHECK(after.resident_kib < before.resident_kib + 4096);
  CHECK(after.mappings <= before.mappings + 2 * threads);
  CHECK_EQ(after.descriptors, before.descriptors);
}

}  // namespace

HAZARD(pipes_of_one_thread) { nothing_stays(1); }

HAZARD(pipes_of_four_threads) { nothing_stays(4); }

// A call that fails because both ends are of one pipe leaves nothing behind, whoever has the bytes.
HAZARD(onto_themselves) {
  const int set = epoll_create1(0);
  const auto watched = [set](const Pipe& p) {
    epoll_event event{};
    CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, p.r, &event), 0);
  };
  for (int i = 0; i < 1100; ++i) {
    const Pipe p;
    watched(p);
    put(p.w, "abcd");
    CHECK_FAILS(tee(p.r, p.w, 2, 0), EINVAL);
    CHECK_FAILS(splice(p.r, nullptr, p.w, nullptr, 2, 0), EINVAL);
    CHECK_EQ(take(p.r, 4), "abcd");
    close(p.r);
    close(p.w);
  }
  const Pipe a, b;
  watched(a);
  watched(b);
  put(a.w, "hello");
  CHECK_EQ(tee(a.r, b.w, 5, 0), 5);
  CHECK_EQ(splice(a.r, nullptr, b.w, nullptr, 5, 0), 5);
  CHECK_EQ(take(b.r, 10), "hellohello");
}
