// Calls of several threads on one pipe, of which the kernel may answer some and the engine others.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <atomic>
#include <thread>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr int kRounds = 20;

std::string record(int number) {
  std::string text = std::to_string(number) + "\n";
  return std::string(8 - text.size(), '0') + text;
}

void put_by_vmsplice(int fd, const std::string& bytes) {
  const iovec segment{const_cast<char*>(bytes.data()), bytes.size()};
  CHECK_EQ(vmsplice(fd, &segment, 1, 0), static_cast<ssize_t>(bytes.size()));
}

}  // namespace

// vmsplice sleeps for room, and another thread begins to splice from the pipe.
HAZARD(vmsplice_waits_beside_splice) {
  // The kernel keeps references: the records stay.
  std::vector<std::string> records;
  std::string all;
  for (int i = 0; i < 18; ++i) {
    records.push_back(record(i));
    all += records.back();
  }
  for (int round = 0; round < kRounds; ++round) {
    const Pipe pipe, out;
    for (size_t i = 0; i < 16; ++i) put_by_vmsplice(pipe.w, records[i]);
    std::thread waits([&] {
      put_by_vmsplice(pipe.w, records[16]);
      put_by_vmsplice(pipe.w, records[17]);
    });
    sleep_ms(2);
    std::string got;
    while (got.size() < all.size()) {
      const ssize_t n = splice(pipe.r, nullptr, out.w, nullptr, 8, 0);
      CHECK(n > 0);
      got += take(out.r, static_cast<size_t>(n));
    }
    waits.join();
    CHECK_EQ(got, all);
  }
}

// splice sleeps for bytes, and another thread tees what comes, then writes more.
HAZARD(splice_waits_beside_tee) {
  for (int round = 0; round < kRounds; ++round) {
    const Pipe pipe, copy, out;
    std::string got;
    std::thread waits([&] {
      while (got.size() < 32) {
        const ssize_t n = splice(pipe.r, nullptr, out.w, nullptr, 8, 0);
        CHECK(n > 0);
        got += take(out.r, static_cast<size_t>(n));
      }
    });
    sleep_ms(2);
    std::string all;
    for (int i = 0; i < 4; ++i) {
      put(pipe.w, record(i));
      all += record(i);
      const ssize_t n = tee(pipe.r, copy.w, 4096, SPLICE_F_NONBLOCK);
      CHECK(n > 0 || errno == EAGAIN);
    }
    waits.join();
    CHECK_EQ(got, all);
  }
}

// sendfile fills a pipe that others splice and read from.
HAZARD(sendfile_waits_beside_splice_and_read) {
  const std::string bytes = pattern(200000);
  const int file = file_of(bytes);
  for (int round = 0; round < kRounds; ++round) {
    const Pipe pipe, out;
    std::thread writes([&] {
      off_t at = 0;
      while (at < static_cast<off_t>(bytes.size())) {
        CHECK(sendfile(pipe.w, file, &at, bytes.size() - static_cast<size_t>(at)) > 0);
      }
    });
    std::string got;
    while (got.size() < bytes.size()) {
      if (got.size() % 2 == 0) {
        const ssize_t n = splice(pipe.r, nullptr, out.w, nullptr, 999, 0);
        CHECK(n > 0);
        got += take(out.r, static_cast<size_t>(n));
      } else {
        got += take(pipe.r, std::min<size_t>(777, bytes.size() - got.size()));
      }
    }
    writes.join();
    CHECK(got == bytes);
  }
}

// Two numbers of one pipe, neither of them made in a way that can be seen: what a call through the
// one leaves behind, a call through the other must find.
HAZARD(splice_by_a_number_never_seen_before) {
  int fds[2];
  CHECK_EQ(raw_syscall(SYS_pipe2, reinterpret_cast<long>(fds), 0, 0), 0);
  const long again = raw_syscall(SYS_dup, fds[0], 0, 0);
  CHECK(again > 0);
  const Pipe copy, out;
  put(fds[1], "abcdef");
  CHECK_EQ(tee(fds[0], copy.w, 6, 0), 6);
  put(fds[1], "ghi");
  CHECK_EQ(splice(static_cast<int>(again), nullptr, out.w, nullptr, 4, 0), 4);
  CHECK_EQ(take(out.r, 4), "abcd");
  CHECK_EQ(take(fds[0], 5), "efghi");
}

// The same where the engine has taken more out of the pipe than it could pass on.
HAZARD(tee_by_a_number_never_seen_before) {
  int fds[2];
  CHECK_EQ(raw_syscall(SYS_pipe2, reinterpret_cast<long>(fds), 0, 0), 0);
  const long again = raw_syscall(SYS_dup, fds[0], 0, 0);
  CHECK(again > 0);
  const Pipe copy, out;
  put(fds[1], pattern(9000));
  CHECK_EQ(splice(fds[0], nullptr, out.w, nullptr, 10, 0), 10);
  CHECK_EQ(tee(fds[0], copy.w, 20, 0), 20);
  CHECK_EQ(tee(static_cast<int>(again), out.w, 5, 0), 5);
  CHECK_EQ(take(out.r, 15), pattern(9000).substr(0, 15));
  CHECK(take(fds[0], 8990) == pattern(9000).substr(10));
}

// What came into a pipe by one call, all others find there; and it stays in front of what they add.
HAZARD(each_call_finds_what_the_others_put) {
  const std::string first = "abcdef";
  const std::string second = "ghi";
  for (int round = 0; round < 3; ++round) {
    const Pipe pipe, copy;
    const int file = file_of(first);
    CHECK_EQ(splice(file, nullptr, pipe.w, nullptr, 6, 0), 6);
    CHECK_EQ(tee(pipe.r, copy.w, 6, SPLICE_F_NONBLOCK), 6);
    put_by_vmsplice(pipe.w, second);
    off_t start = 0;
    CHECK_EQ(sendfile(pipe.w, file, &start, 2), 2);
    CHECK_EQ(take(pipe.r, 11), "abcdefghiab");
    CHECK_EQ(take(copy.r, 6), "abcdef");
  }
}
