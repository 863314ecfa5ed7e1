// Writers of a pipe that a related process looks into, splices and tees from.
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

// A pipe, and a child that has it too and shares its bytes by looking at them: from here on
// somebody takes turns.
struct Shared {
  Pipe pipe;
  Pipe copy;
  Pipe over;
  pid_t child;

  Shared() {
    put(pipe.w, "look");
    child = start([this] {
      close(over.w);
      take(over.r, 1);
    });
    CHECK_EQ(tee(pipe.r, copy.w, 4, 0), 4);
    CHECK_EQ(take(pipe.r, 4), "look");
    CHECK_EQ(take(copy.r, 4), "look");
  }
  void end() {
    close(over.w);
    finish(child);
  }
};

void handle(int signal, int flags) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = flags;
  CHECK_EQ(sigaction(signal, &action, nullptr), 0);
}

void alarm_after_ms(int ms) {
  const itimerval soon{{0, 0}, {0, ms * 1000}};
  CHECK_EQ(setitimer(ITIMER_REAL, &soon, nullptr), 0);
}

}  // namespace

namespace {

// Blocks that are all alike but for their numbers: what was put back among them must be where it
// was.
void look_beside_a_busy_writer(const Pipe& pipe) {
  struct Block {
    uint64_t number;
    char rest[65536 - sizeof(uint64_t)];
  };
  constexpr uint64_t kBlocks = 300;
  const Pipe copy;
  const pid_t writer = start([&] {
    static Block block{};
    for (block.number = 0; block.number < kBlocks; ++block.number) {
      put(pipe.w, {reinterpret_cast<const char*>(&block), sizeof(block)});
    }
  });
  const int null = open("/dev/null", O_WRONLY);
  for (uint64_t number = 0; number < kBlocks; ++number) {
    uint64_t seen = ~uint64_t{0};
    CHECK_EQ(tee(pipe.r, copy.w, sizeof(seen), 0), ssize_t{sizeof(seen)});
    CHECK_EQ(read(copy.r, &seen, sizeof(seen)), ssize_t{sizeof(seen)});
    CHECK_EQ(seen, number);
    for (size_t left = sizeof(Block); left > 0;) {
      const ssize_t n = splice(pipe.r, nullptr, null, nullptr, left, SPLICE_F_MOVE);
      CHECK(n > 0);
      left -= static_cast<size_t>(n);
    }
  }
  finish(writer);
}

}  // namespace

HAZARD(busy_writer_beside_a_tee) {
  const Pipe pipe;
  look_beside_a_busy_writer(pipe);
}

HAZARD(busy_writer_of_a_process_that_looked_before) {
  std::thread([] { pause(); }).detach();
  const Pipe pipe;
  const Pipe copy;
  put(pipe.w, "look");
  CHECK_EQ(tee(pipe.r, copy.w, 4, 0), 4);
  CHECK_EQ(take(pipe.r, 4), "look");
  look_beside_a_busy_writer(pipe);
}

// No child: a thread writes, and an epoll set watches.
HAZARD(busy_thread_beside_a_tee_that_is_watched) {
  const Pipe pipe;
  const Pipe copy;
  epoll_event event{EPOLLIN, {}};
  CHECK_EQ(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, pipe.r, &event), 0);
  constexpr size_t kBytes = 4 << 20;
  std::thread writer([&] {
    for (size_t done = 0; done < kBytes; done += 1000) put(pipe.w, pattern(1000));
  });
  for (size_t got = 0; got < kBytes; got += 1000) {
    CHECK(tee(pipe.r, copy.w, 100, 0) > 0);
    char sink[100];
    CHECK(read(copy.r, sink, sizeof(sink)) > 0);
    CHECK_EQ(take(pipe.r, 1000), pattern(1000));
  }
  writer.join();
  CHECK_EQ(fcntl(pipe.r, F_GETPIPE_SZ), 65536);
}

HAZARD(a_writer_that_is_cancelled) {
  Shared shared;
  const int null = open("/dev/null", O_WRONLY);
  std::atomic<bool> over{false};
  std::thread drain([&] {
    while (!over) {
      if (ready(shared.pipe.r, POLLIN, 1) == POLLIN) {
        splice(shared.pipe.r, nullptr, null, nullptr, 65536, SPLICE_F_NONBLOCK);
      }
    }
  });
  pthread_t writer;
  const auto write_on = [](void* pipe) -> void* {
    while (write(static_cast<Pipe*>(pipe)->w, "x", 1) == 1) {
    }
    return nullptr;
  };
  CHECK_EQ(pthread_create(&writer, nullptr, write_on, &shared.pipe), 0);
  sleep_ms(20);
  CHECK_EQ(pthread_cancel(writer), 0);
  void* result = nullptr;
  CHECK_EQ(pthread_join(writer, &result), 0);
  CHECK(result == PTHREAD_CANCELED);
  over = true;
  drain.join();
  shared.end();
}

HAZARD(records_of_two_writers_stay_whole) {
  constexpr size_t kLength = 1000;
  static_assert(kLength <= PIPE_BUF);
  constexpr int kEach = 400;
  const Pipe pipe;
  const Pipe copy;
  std::vector<pid_t> writers;
  for (const char c : {'a', 'b'}) {
    writers.push_back(start([&] {
      const std::string record(kLength, c);
      for (int i = 0; i < kEach; ++i) {
        CHECK_EQ(write(pipe.w, record.data(), record.size()), ssize_t{kLength});
      }
    }));
  }
  for (int i = 0; i < 2 * kEach; ++i) {
    const ssize_t n = tee(pipe.r, copy.w, 1 + static_cast<size_t>(i) % kLength, 0);
    CHECK(n > 0);
    take(copy.r, static_cast<size_t>(n));
    const std::string record = take(pipe.r, kLength);
    CHECK(record == std::string(kLength, record[0]));
  }
  for (const pid_t writer : writers) finish(writer);
}

HAZARD(a_write_that_is_interrupted) {
  Shared shared;
  const std::string much(200000, 'x');
  for (const int flags : {0, SA_RESTART}) {
    handle(SIGALRM, flags);
    alarm_after_ms(50);
    // Some of it went in, so a handler ends it, restarting or not.
    CHECK_EQ(write(shared.pipe.w, much.data(), much.size()), 65536);
    // None of it can.
    if (flags == 0) {
      alarm_after_ms(50);
      CHECK_FAILS(write(shared.pipe.w, much.data(), much.size()), EINTR);
    } else {
      const pid_t reader = start([&] {
        sleep_ms(200);
        CHECK_EQ(take(shared.pipe.r, 65536).size(), 65536u);
      });
      alarm_after_ms(50);
      CHECK_EQ(write(shared.pipe.w, much.data(), 4096), 4096);
      finish(reader);
      take(shared.pipe.r, 4096);
      break;
    }
    take(shared.pipe.r, 65536);
  }
  shared.end();
}

HAZARD(a_write_that_does_not_wait) {
  Shared shared;
  CHECK_EQ(fcntl(shared.pipe.w, F_SETFL, O_NONBLOCK), 0);
  const std::string much(200000, 'x');
  CHECK_EQ(write(shared.pipe.w, much.data(), much.size()), 65536);
  CHECK_FAILS(write(shared.pipe.w, "x", 1), EAGAIN);
  take(shared.pipe.r, 100);
  // One page is not free yet, and this would have to be divided.
  CHECK_FAILS(write(shared.pipe.w, much.data(), 4096), EAGAIN);
  take(shared.pipe.r, 65536 - 100);
  CHECK_EQ(write(shared.pipe.w, much.data(), 4096), 4096);
  shared.end();
}

HAZARD(a_write_whose_readers_go) {
  signal(SIGPIPE, SIG_IGN);
  Shared shared;
  const std::string much(200000, 'x');
  const pid_t reader = start([&] {
    close(shared.pipe.w);
    close(shared.over.w);
    sleep_ms(50);
    take(shared.pipe.r, 4096);
    for (int left = 0, i = 0; left < 65536 && i < 1000; ++i) {  // until the writer has seen that
      sleep_ms(5);
      CHECK_EQ(ioctl(shared.pipe.r, FIONREAD, &left), 0);
    }
  });
  close(shared.pipe.r);
  // The child that looks on has it as well.
  shared.end();
  CHECK_EQ(write(shared.pipe.w, much.data(), much.size()), 65536 + 4096);
  CHECK_FAILS(write(shared.pipe.w, "x", 1), EPIPE);
  finish(reader);
}

HAZARD(a_write_of_many_segments) {
  Shared shared;
  const std::string bytes = pattern(150000);
  const pid_t writer = start([&] {
    std::vector<iovec> segments;
    for (size_t at = 0; at < bytes.size(); at += 150) {
      segments.push_back({const_cast<char*>(bytes.data()) + at, 150});
    }
    CHECK_EQ(writev(shared.pipe.w, segments.data(), static_cast<int>(segments.size())),
             static_cast<ssize_t>(bytes.size()));
  });
  std::string got;
  while (got.size() < bytes.size()) {
    CHECK(tee(shared.pipe.r, shared.copy.w, 1, 0) == 1);
    CHECK_EQ(take(shared.copy.r, 1), bytes.substr(got.size(), 1));
    got += take(shared.pipe.r, std::min<size_t>(5000, bytes.size() - got.size()));
  }
  CHECK(got == bytes);
  finish(writer);
  // A bad address ends it where it is.
  char* const memory = const_cast<char*>(bytes.data());
  const iovec bad[] = {{memory, 5000}, {reinterpret_cast<void*>(16), 5000}};
  const ssize_t n = writev(shared.pipe.w, bad, 2);
  CHECK(n == 5000 || n == 4096);
  CHECK_EQ(take(shared.pipe.r, static_cast<size_t>(n)), bytes.substr(0, static_cast<size_t>(n)));
  CHECK_FAILS(writev(shared.pipe.w, bad + 1, 1), EFAULT);
  shared.end();
}

HAZARD(a_writer_that_is_killed) {
  Shared shared;
  const pid_t writer = start([&] {
    for (;;) put(shared.pipe.w, std::string(100000, 'x'));
  });
  for (int i = 0; i < 20; ++i) {
    CHECK_EQ(tee(shared.pipe.r, shared.copy.w, 1, 0), 1);
    take(shared.copy.r, 1);
  }
  sleep_ms(20);
  kill(writer, SIGKILL);
  waitpid(writer, nullptr, 0);
  int bytes = 0;
  CHECK_EQ(ioctl(shared.pipe.r, FIONREAD, &bytes), 0);
  CHECK(bytes > 0);
  CHECK_EQ(take(shared.pipe.r, static_cast<size_t>(bytes)),
           std::string(static_cast<size_t>(bytes), 'x'));
  put(shared.pipe.w, "next");
  CHECK_EQ(take(shared.pipe.r, 4), "next");
  shared.end();
}
