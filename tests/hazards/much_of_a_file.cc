// sendfile of so much of a file that more than one chunk of it leaves at a time.
#include <setjmp.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "hazard.h"
#include "pairs.h"

using namespace hazard;

namespace {

constexpr size_t kSize = (5 << 20) + 123;

// A byte of the file tells where it was.
char byte_at(size_t at) { return static_cast<char>(at * 2654435761u >> 20); }

int patterned(size_t size) {
  char path[] = "much-XXXXXX";
  const int fd = mkstemp(path);
  CHECK(fd >= 0);
  unlink(path);
  std::vector<char> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = byte_at(i);
  CHECK_EQ(pwrite(fd, bytes.data(), size, 0), static_cast<ssize_t>(size));
  return fd;
}

bool is_mapped() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/much-") != std::string::npos) return true;
  }
  return false;
}

// Reads to the end, and counts the bytes that are right from `at` on.
struct Reader {
  size_t right = 0;
  bool wrong = false;
  std::atomic<bool> ready{false};
  std::thread thread;

  Reader(int fd, size_t at)
      : thread([this, fd, at]() mutable {
          std::vector<char> bytes(200'000);
          ready = true;
          for (ssize_t n; (n = read(fd, bytes.data(), bytes.size())) > 0;) {
            for (ssize_t i = 0; i < n && !wrong; ++i) {
              wrong = bytes[static_cast<size_t>(i)] != byte_at(at++);
              right += !wrong;
            }
          }
        }) {
    while (!ready) sleep_ms(1);  // it has its memory
  }
  void join() {
    thread.join();
    CHECK(!wrong);
  }
};

void limit(__rlimit_resource what, rlim_t most) {
  rlimit now;
  CHECK_EQ(getrlimit(what, &now), 0);
  now.rlim_cur = most;
  CHECK_EQ(setrlimit(what, &now), 0);
}

// All of the file from there, in calls of so many bytes, by its own position or a given one.
void send_from(off_t from, size_t piece, bool own) {
  const int file = patterned(kSize);
  const Pair pair = tcp();
  Reader reader(pair.peer, static_cast<size_t>(from));
  off_t at = from;
  if (own) CHECK_EQ(lseek(file, from, SEEK_SET), from);
  size_t sent = 0;
  for (ssize_t n; (n = sendfile(pair.ours, file, own ? nullptr : &at, piece)) != 0;) {
    CHECK(n > 0);
    sent += static_cast<size_t>(n);
  }
  CHECK_EQ(sent, kSize - static_cast<size_t>(from));
  CHECK_EQ(lseek(file, 0, SEEK_CUR), static_cast<off_t>(own ? kSize : 0));
  if (!own) CHECK_EQ(at, static_cast<off_t>(kSize));
  CHECK(!is_mapped());
  close(pair.ours);
  reader.join();
  CHECK_EQ(reader.right, sent);
}

sigjmp_buf away;
void jump(int) { siglongjmp(away, 1); }

}  // namespace

HAZARD(all_at_once) { send_from(0, size_t{1} << 30, true); }
HAZARD(by_a_megabyte) { send_from(0, 1 << 20, false); }
HAZARD(by_an_odd_number) { send_from(4097, 777'777, true); }
HAZARD(from_an_odd_place) { send_from(2'345'678, 3 << 20, false); }

HAZARD(no_address_space) {
  const int file = patterned(1 << 20);
  const Pair pair = tcp();
  Reader reader(pair.peer, 0);
  // What the calls themselves need is there by then.
  CHECK_EQ(sendfile(pair.ours, file, nullptr, 4096), 4096);
  limit(RLIMIT_AS, 0);
  while (sendfile(pair.ours, file, nullptr, 1 << 20) > 0) continue;
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 1 << 20);
  limit(RLIMIT_AS, RLIM_INFINITY);
  close(pair.ours);
  reader.join();
  CHECK_EQ(reader.right, size_t{1} << 20);
}

HAZARD(little_memory_to_lock) {
  const int file = patterned(1 << 20);
  const Pair pair = tcp();
  CHECK_EQ(sendfile(pair.ours, file, nullptr, 4096), 4096);
  Reader reader(pair.peer, 0);
  if (mlockall(MCL_FUTURE) != 0) skip("no memory may be locked");
  limit(RLIMIT_MEMLOCK, 64 << 10);
  while (sendfile(pair.ours, file, nullptr, 1 << 20) > 0) continue;
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 1 << 20);
  munlockall();
  close(pair.ours);
  reader.join();
  CHECK_EQ(reader.right, size_t{1} << 20);
}

// Another thread cuts the file and writes it again, in the middle of calls.
HAZARD(cut_meanwhile) {
  const int file = patterned(4 << 20);
  const Pair pair = tcp();
  std::atomic<bool> over{false};
  std::atomic<size_t> received{0};
  std::thread reader([&] {
    std::vector<char> bytes(1 << 20);
    for (ssize_t n; (n = read(pair.peer, bytes.data(), bytes.size())) > 0;) {
      received += static_cast<size_t>(n);
    }
  });
  std::thread cutter([&] {
    while (!over) {
      CHECK_EQ(ftruncate(file, 100'000), 0);
      CHECK_EQ(ftruncate(file, 4 << 20), 0);
    }
  });
  size_t sent = 0;
  for (int i = 0; i < 300; ++i) {
    off_t at = 4096;
    const ssize_t n = sendfile(pair.ours, file, &at, 2 << 20);
    CHECK(n > 0);
    CHECK_EQ(at, 4096 + n);
    sent += static_cast<size_t>(n);
  }
  over = true;
  cutter.join();
  close(pair.ours);
  reader.join();
  CHECK_EQ(received.load(), sent);
}

HAZARD(who_watches_is_told) {
  const int file = file_of(std::string(1 << 20, 'x'));
  const int watch = inotify_init1(IN_NONBLOCK);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  CHECK(inotify_add_watch(watch, path.c_str(), IN_ACCESS) >= 0);
  const Pair pair = tcp();
  fcntl(pair.ours, F_SETFL, O_NONBLOCK);
  CHECK(sendfile(pair.ours, file, nullptr, 1 << 20) > 0);
  inotify_event event;
  CHECK_EQ(read(watch, &event, sizeof(event)), static_cast<ssize_t>(sizeof(event)));
  CHECK_EQ(event.mask, static_cast<uint32_t>(IN_ACCESS));
}

HAZARD(what_does_not_wait_stops_when_it_is_full) {
  const int file = patterned(8 << 20);
  const Pair pair = tcp();
  fcntl(pair.ours, F_SETFL, O_NONBLOCK);
  size_t sent = 0;
  ssize_t n;
  while ((n = sendfile(pair.ours, file, nullptr, 8 << 20)) > 0) sent += static_cast<size_t>(n);
  CHECK(n == 0 || errno == EAGAIN);
  CHECK_EQ(lseek(file, 0, SEEK_CUR), static_cast<off_t>(sent));
  close(pair.ours);
  Reader reader(pair.peer, 0);
  reader.join();
  CHECK_EQ(reader.right, sent);
}

// A handler leaves in the middle: nothing stays mapped.
HAZARD(jumped_away) {
  const int file = patterned(4 << 20);
  const Pair pair = tcp();
  signal(SIGALRM, jump);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  CHECK_EQ(pthread_sigmask(SIG_BLOCK, &alarm, nullptr), 0);
  std::thread reader([&] {
    std::vector<char> bytes(1 << 20);
    while (read(pair.peer, bytes.data(), bytes.size()) > 0) continue;
  });
  CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr), 0);
  static int times_left = 200;  // no register: longjmp would bring back what that had
  for (; times_left > 0; --times_left) {
    if (sigsetjmp(away, 1) == 0) {
      const itimerval soon{{0, 0}, {0, 300 + times_left}};
      setitimer(ITIMER_REAL, &soon, nullptr);
      for (;;) {
        off_t at = 1;
        sendfile(pair.ours, file, &at, 3 << 20);
      }
    }
    CHECK(!is_mapped());
  }
  close(pair.ours);
  reader.join();
}

// Of a file in memory a mapping would be seen: it fills holes, and a seal fails meanwhile.
HAZARD(file_in_memory) {
  const int file = memfd_create("sealed", MFD_ALLOW_SEALING);
  CHECK_EQ(ftruncate(file, 4 << 20), 0);
  const Pair pair = tcp();
  std::thread reader([&] {
    std::vector<char> bytes(1 << 20);
    while (read(pair.peer, bytes.data(), bytes.size()) > 0) continue;
  });
  std::atomic<bool> over{false};
  std::thread sender([&] {
    while (!over) {
      off_t at = 0;
      CHECK(sendfile(pair.ours, file, &at, 4 << 20) > 0);
    }
  });
  sleep_ms(50);
  for (int i = 0; i < 50; ++i) CHECK_EQ(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);
  over = true;
  sender.join();
  close(pair.ours);
  reader.join();
  struct stat st;
  CHECK_EQ(fstat(file, &st), 0);
  CHECK_EQ(st.st_blocks, 0);
}

// Nobody reads any more.
HAZARD(broken) {
  const int file = patterned(1 << 20);
  const Pair pair = tcp();
  close(pair.peer);
  signal(SIGPIPE, SIG_IGN);
  ssize_t n = 1;
  for (int i = 0; i < 100 && n > 0; ++i) {
    off_t at = 0;
    n = sendfile(pair.ours, file, &at, 1 << 20);
  }
  CHECK_EQ(n, -1);
  CHECK(errno == EPIPE || errno == ECONNRESET);
  CHECK(!is_mapped());
}
