// poll, select and epoll while bytes are held, and threads that wait while others tee and splice.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>

#include <thread>

#include "hazard.h"

using namespace hazard;

namespace {

int watch(int fd, uint32_t events) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  CHECK(set >= 0);
  epoll_event event{events, {.u64 = 42}};
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
  return set;
}

// The events that are reported, 0 if none within that time.
uint32_t reported(int set, int timeout_ms = 0) {
  epoll_event event{};
  const int n = epoll_wait(set, &event, 1, timeout_ms);
  CHECK(n >= 0);
  if (n == 0) return 0;
  CHECK_EQ(event.data.u64, 42u);
  return event.events;
}

bool selected(int fd, int timeout_ms) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval time{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  return select(fd + 1, &set, nullptr, nullptr, &time) == 1 && FD_ISSET(fd, &set);
}

bool room_selected(int fd, int timeout_ms) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  timeval time{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  return select(fd + 1, nullptr, &set, nullptr, &time) == 1 && FD_ISSET(fd, &set);
}

bool room_polled(int fd, int timeout_ms) { return ready(fd, POLLOUT, timeout_ms) == POLLOUT; }

bool polled(int fd, int timeout_ms) { return ready(fd, POLLIN, timeout_ms) == POLLIN; }

}  // namespace

HAZARD(level_epoll_from_before) {
  const Pipe pipe, copy;
  const int set = watch(pipe.r, EPOLLIN);
  CHECK_EQ(reported(set), 0u);
  put(pipe.w, "abc");
  for (int i = 0; i < 3; ++i) {
    CHECK_EQ(tee(pipe.r, copy.w, 10, 0), 3);
    CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  }
  CHECK_EQ(splice(pipe.r, nullptr, copy.w, nullptr, 1, 0), 1);
  CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  CHECK_EQ(take(pipe.r, 2), "bc");
  CHECK_EQ(reported(set), 0u);
}

HAZARD(level_epoll_from_after) {
  const Teed teed("abc");
  const int set = watch(teed.pipe.r, EPOLLIN);
  for (int i = 0; i < 3; ++i) CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  CHECK_EQ(take(teed.pipe.r, 3), "abc");
  CHECK_EQ(reported(set), 0u);
  const int out = watch(teed.pipe.w, EPOLLOUT);
  CHECK_EQ(reported(out), static_cast<uint32_t>(EPOLLOUT));
}

HAZARD(edge_epoll) {
  const Teed teed("abc");
  const int set = watch(teed.pipe.r, EPOLLIN | EPOLLET);
  CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  CHECK_EQ(reported(set), 0u);
  for (int i = 0; i < 3; ++i) {
    put(teed.pipe.w, "def");
    CHECK(tee(teed.pipe.r, teed.copy.w, 10, 0) > 0);
    CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
    CHECK_EQ(reported(set), 0u);
  }
  CHECK_EQ(take(teed.pipe.r, 12), "abcdefdefdef");
  CHECK_EQ(reported(set), 0u);
  close(teed.pipe.w);
  CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLHUP));
}

HAZARD(epoll_of_a_copy_and_of_a_child) {
  const Pipe pipe, copy;
  const int set = watch(dup(pipe.r), EPOLLIN);
  put(pipe.w, "abc");
  finish(start([&] {
    CHECK_EQ(tee(pipe.r, copy.w, 10, 0), 3);
    CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  }));
  CHECK_EQ(reported(set), static_cast<uint32_t>(EPOLLIN));
  CHECK_EQ(take(pipe.r, 3), "abc");
  CHECK_EQ(reported(set), 0u);
}

// One thread waits for bytes that another puts in, by one call of the family after the other.
HAZARD(waiting_for_a_transfer) {
  constexpr int kRounds = 100;
  const int file = file_of("x");
  bool (*const waits[])(int, int) = {
      polled, selected, [](int fd, int ms) { return reported(watch(fd, EPOLLIN), ms) == EPOLLIN; },
      [](int, int) { return true; }};  // straight into read
  const std::function<ssize_t(int)> transfers[] = {
      [&](int to) { return splice(file, nullptr, to, nullptr, 1, 0); },
      [&](int to) {
        off_t start = 0;
        return sendfile(to, file, &start, 1);
      },
      [](int to) {
        static char x = 'x';
        const iovec iov{&x, 1};
        return vmsplice(to, &iov, 1, 0);
      },
      [](int to) {
        const Pipe from;
        put(from.w, "x");
        const ssize_t n = tee(from.r, to, 1, 0);
        close(from.r);
        close(from.w);
        return n;
      }};
  for (const auto wait : waits) {
    const Pipe pipe, back;
    std::thread reader([&] {
      for (int i = 0; i < kRounds; ++i) {
        CHECK(wait(pipe.r, 2000));
        CHECK_EQ(take(pipe.r, 1), "x");
        put(back.w, "y");
      }
    });
    for (int i = 0; i < kRounds; ++i) {
      lseek(file, 0, SEEK_SET);
      CHECK_EQ(transfers[i % 4](pipe.w), 1);
      CHECK_EQ(take(back.r, 1), "y");
    }
    reader.join();
  }
}

// One thread looks at the bytes that another waits for.
HAZARD(waiting_beside_a_tee) {
  const Pipe pipe, copy, back;
  std::thread reader([&] {
    for (int i = 0; i < 300; ++i) {
      if (i % 3 == 0) CHECK(polled(pipe.r, 2000));
      if (i % 3 == 1) CHECK(selected(pipe.r, 2000));
      CHECK_EQ(take(pipe.r, 3), "abc");
      put(back.w, "y");
    }
  });
  for (int i = 0; i < 300; ++i) {
    put(pipe.w, "abc");
    const ssize_t n = tee(pipe.r, copy.w, 3, SPLICE_F_NONBLOCK);
    if (n > 0) take(copy.r, static_cast<size_t>(n));
    CHECK_EQ(take(back.r, 1), "y");
  }
  reader.join();
}

// A full pipe of which the kernel's has nothing any more, because its bytes are elsewhere: nobody
// who looks for room alone finds any, whether he waits for it or not.
HAZARD(no_room_in_a_full_pipe) {
  bool (*const waits[])(int, int) = {room_selected, room_polled};
  for (bool (*const has_room)(int, int) : waits) {
    for (const int timeout_ms : {0, 30}) {
      const Teed full(pattern(65536));
      CHECK(!has_room(full.pipe.w, timeout_ms));
      CHECK(take(full.pipe.r, 65536) == pattern(65536));
      CHECK(has_room(full.pipe.w, timeout_ms));
    }
  }
}

HAZARD(waiting_for_room) {
  bool (*const waits[])(int, int) = {room_selected, room_polled};
  for (bool (*const has_room)(int, int) : waits) {
    const Teed full(pattern(65536));
    std::thread reader([&] {
      sleep_ms(20);
      CHECK(take(full.pipe.r, 65536) == pattern(65536));
    });
    const double start = seconds();
    CHECK(has_room(full.pipe.w, 5000));
    CHECK(seconds() - start > 0.01);
    reader.join();
  }
}
