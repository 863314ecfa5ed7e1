// Many threads on the same pipes.
#include <pthread.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr uint32_t kWriters = 4;
constexpr uint32_t kEach = 20000;
constexpr size_t kBytes = size_t{kWriters} * kEach * sizeof(uint64_t);

uint64_t record(uint32_t writer, uint32_t number) { return uint64_t{writer} << 32 | number; }

// A nearly full pipe takes a part, up to a page's end.
void put_by_reference(int fd, uint64_t* records, size_t size) {
  for (size_t done = 0; done < size;) {
    const iovec iov{reinterpret_cast<char*>(records) + done, size - done};
    const ssize_t n = vmsplice(fd, &iov, 1, 0);
    CHECK(n > 0);
    done += static_cast<size_t>(n);
  }
}

void write_all(const Pipe& pipe, uint32_t writer) {
  constexpr uint32_t kBatch = 25;
  constexpr size_t kSize = kBatch * sizeof(uint64_t);
  // Never changed again: a pipe may refer to it.
  static std::array<std::array<uint64_t, kEach>, kWriters> all;
  for (uint32_t number = 0; number < kEach; number += kBatch) {
    uint64_t* records = &all[writer][number];
    for (uint32_t i = 0; i < kBatch; ++i) records[i] = record(writer, number + i);
    if (writer % 2 == 0) {
      put_by_reference(pipe.w, records, kSize);
    } else {
      CHECK_EQ(write(pipe.w, records, kSize), static_cast<ssize_t>(kSize));
    }
  }
}

// Every record once, those of each writer in order.
void check_all(int fd) {
  std::array<uint32_t, kWriters> next{};
  for (size_t done = 0; done < kBytes; done += sizeof(uint64_t) * 100) {
    const std::string bytes = take(fd, sizeof(uint64_t) * 100);
    CHECK_EQ(bytes.size(), sizeof(uint64_t) * 100);
    for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
      uint64_t got;
      bytes.copy(reinterpret_cast<char*>(&got), sizeof(got), at);
      const auto writer = static_cast<uint32_t>(got >> 32);
      CHECK(writer < kWriters);
      CHECK_EQ(static_cast<uint32_t>(got), next[writer]++);
    }
  }
  for (const uint32_t count : next) CHECK_EQ(count, kEach);
}

}  // namespace

// Writers -> a, movers: a -> b, one reader of b.
HAZARD(tagged_records) {
  const Pipe a, b;
  std::atomic<size_t> moved{0};
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kWriters; ++i) threads.emplace_back([&, i] { write_all(a, i); });
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (ssize_t n; (n = splice(a.r, nullptr, b.w, nullptr, 8 * 300, 0)) > 0;)
        moved += static_cast<size_t>(n);
    });
  }
  check_all(b.r);
  for (uint32_t i = 0; i < kWriters; ++i) threads[i].join();
  close(a.w);
  for (size_t i = kWriters; i < threads.size(); ++i) threads[i].join();
  CHECK_EQ(moved.load(), kBytes);
}

// Tee into c, then splice as much into b: both readers see all.
HAZARD(tee_then_splice) {
  const Pipe a, b, c;
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kWriters; ++i) threads.emplace_back([&, i] { write_all(a, i); });
  threads.emplace_back([&] {
    for (size_t done = 0; done < kBytes;) {
      const ssize_t n = tee(a.r, c.w, 8 * 300, 0);
      CHECK(n > 0);
      for (size_t left = static_cast<size_t>(n); left > 0;) {
        const ssize_t moved = splice(a.r, nullptr, b.w, nullptr, left, 0);
        CHECK(moved > 0);
        left -= static_cast<size_t>(moved);
      }
      done += static_cast<size_t>(n);
    }
  });
  threads.emplace_back([&] { check_all(b.r); });
  check_all(c.r);
  for (std::thread& thread : threads) thread.join();
}

// Pipes handed from thread to thread, their numbers recycled at once.
HAZARD(pipes_recycled_between_threads) {
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([seed] {
      for (unsigned i = 0; i < 1500; ++i) {
        const std::string bytes = pattern(1 + i % 5000, seed * 10000 + i);
        Pipe a, b;
        const iovec iov{const_cast<char*>(bytes.data()), bytes.size()};
        const auto size = static_cast<ssize_t>(bytes.size());
        CHECK_EQ(vmsplice(a.w, &iov, 1, 0), size);
        CHECK_EQ(splice(a.r, nullptr, b.w, nullptr, bytes.size(), 0), size);
        std::string got;
        if (i % 10 == 0) {
          std::thread other([&] { got = take(b.r, bytes.size()); });
          other.join();
        } else {
          got = take(b.r, bytes.size());
        }
        CHECK_EQ(got, bytes);
        for (const int fd : {a.r, a.w, b.r, b.w}) close(fd);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Closing a pipe while others transfer: an error or the end of file, never a hang or a crash.
HAZARD(closing_beside_transfers) {
  for (int i = 0; i < 200; ++i) {
    const Pipe a, b;
    put(a.w, pattern(2000));
    std::thread mover([&] {
      for (int n = 0; n < 20; ++n) {
        if (splice(a.r, nullptr, b.w, nullptr, 100, SPLICE_F_NONBLOCK) <= 0) return;
      }
    });
    close(i % 2 == 0 ? a.r : a.w);
    mover.join();
    for (const int fd : {i % 2 == 0 ? a.w : a.r, b.r, b.w}) close(fd);
  }
}
