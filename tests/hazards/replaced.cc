// A number that another thread closes, or makes name something else, while a call waits on it: the
// kernel's call goes on with what it was given. Who cannot do that must fail, and touch nothing
// else.
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "hazard.h"
#include "pairs.h"

using namespace hazard;

namespace {

struct Ends {
  int source;  // what is written to `feed` comes out of it
  int feed;
};

// 0: a pipe; a type of unix socket; or AF_INET + SOCK_STREAM.
constexpr int kConnection = 100;
constexpr int kKinds[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, kConnection};

Ends make(int kind) {
  if (kind == 0) {
    const Pipe p;
    return {p.r, p.w};
  }
  const Pair pair = kind == kConnection ? tcp() : sockets(kind);
  return {pair.peer, pair.ours};
}

void fill(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  CHECK_EQ(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
  static char bytes[65536];
  while (write(fd, bytes, sizeof(bytes)) > 0) {
  }
  while (write(fd, bytes, 1) > 0) {
  }
  CHECK_EQ(fcntl(fd, F_SETFL, flags), 0);
}

enum class Way { kDup2, kClose, kCloseAndDup2 };
constexpr Way kWays[] = {Way::kDup2, Way::kClose, Way::kCloseAndDup2};

void replace(int fd, int by, Way way) {
  if (way != Way::kDup2) close(fd);
  if (way != Way::kClose) CHECK_EQ(dup2(by, fd), fd);
  sleep_ms(10);
}

// A thread's call that waits, while `go` is under way. Whether it has moved all five bytes; the
// rest is what must not be.
bool moves(const std::function<ssize_t()>& call, const std::function<void()>& go) {
  ssize_t answer = -1;
  int error = 0;
  std::thread other([&] {
    answer = call();
    error = errno;
  });
  sleep_ms(50);
  go();
  other.join();
  if (answer < 0) {
    CHECK_EQ(error, EBADF);
  } else {
    CHECK_EQ(answer, 5);
  }
  return answer == 5;
}

}  // namespace

HAZARD(a_source_that_goes) {
  for (const int kind : kKinds) {
    for (const Way way : kWays) {
      const Ends first = make(kind);
      const Ends other = make(kind);
      put(other.feed, "OTHER");
      const Pipe to;
      const auto call = [&] { return splice(first.source, nullptr, to.w, nullptr, 100, 0); };
      const auto go = [&] {
        replace(first.source, other.source, way);
        put(first.feed, "right");
      };
      if (moves(call, go)) CHECK_EQ(take(to.r, 5), "right");
      CHECK_EQ(ready(to.r, POLLIN), 0);
      CHECK_EQ(take(way == Way::kClose ? other.source : first.source, 5), "OTHER");
      // Nothing of it stays.
      if (kind != SOCK_DGRAM) CHECK(ready(first.feed, POLLIN | POLLERR | POLLHUP, 1000) != 0);
      for (const int fd : {first.source, first.feed, other.source, other.feed}) close(fd);
    }
  }
}

HAZARD(a_pipe_that_goes) {
  for (const bool nonblocking : {false, true}) {
    char bytes[6] = "";
    const iovec iov{bytes, 5};
    const std::function<ssize_t(int, int)> calls[] = {
        [](int from, int to) { return tee(from, to, 100, 0); },
        [&](int from, int) { return vmsplice(from, &iov, 1, 0); }};
    for (const auto& call : calls) {
      // Of all calls, only vmsplice does not heed it.
      const bool waits = !nonblocking || &call == &calls[1];
      for (const Way way : kWays) {
        if (!waits) continue;
        const Ends first = make(0);
        const Ends other = make(0);
        if (nonblocking) CHECK_EQ(fcntl(first.source, F_SETFL, O_NONBLOCK), 0);
        put(other.feed, "OTHER");
        const Pipe to;
        const auto go = [&] {
          replace(first.source, other.source, way);
          put(first.feed, "right");
        };
        moves([&] { return call(first.source, to.w); }, go);
        CHECK(std::string(bytes) != "OTHER");
        CHECK_EQ(take(way == Way::kClose ? other.source : first.source, 5), "OTHER");
        for (const int fd : {first.source, first.feed, other.source, other.feed}) close(fd);
      }
    }
  }
}

// The end that is waited for, and the other.
HAZARD(a_sink_that_goes) {
  for (const bool full : {false, true}) {
    for (const Way way : kWays) {
      const Ends first = make(0);
      const Ends sink = make(kConnection);
      const Ends other = make(kConnection);
      if (full) {
        fill(sink.feed);
        put(first.feed, "right");
      }
      const auto call = [&] { return splice(first.source, nullptr, sink.feed, nullptr, 5, 0); };
      std::string last;
      const auto go = [&] {
        replace(sink.feed, other.feed, way);
        if (!full) put(first.feed, "right");
        // Until the last writer is gone.
        static char taken[65536];
        for (ssize_t n; (n = read(sink.source, taken, sizeof(taken))) > 0;) {
          last.append(taken, static_cast<size_t>(n));
          last.erase(0, last.size() > 5 ? last.size() - 5 : 0);
        }
      };
      if (moves(call, go)) {
        CHECK_EQ(last, "right");
      } else {
        CHECK_EQ(take(first.source, 5), "right");
      }
      CHECK_EQ(ready(other.source, POLLIN), 0);
      for (const int fd : {sink.source, sink.feed, other.source, other.feed}) close(fd);
    }
  }
}

// A call that is restarted after a handler goes by its number again.
HAZARD(a_number_of_a_call_that_is_restarted) {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  quiet.sa_flags = SA_RESTART;
  CHECK_EQ(sigaction(SIGUSR1, &quiet, nullptr), 0);
  const Ends first = make(0);
  const Ends other = make(0);
  const Pipe to;
  pthread_t waits;
  std::atomic<bool> runs{false};
  const auto call = [&] {
    waits = pthread_self();
    runs = true;
    return splice(first.source, nullptr, to.w, nullptr, 100, 0);
  };
  const auto go = [&] {
    CHECK(runs);
    CHECK_EQ(dup2(other.source, first.source), first.source);
    CHECK_EQ(pthread_kill(waits, SIGUSR1), 0);
    sleep_ms(50);
    put(other.feed, "newer");
  };
  CHECK(moves(call, go));
  CHECK_EQ(take(to.r, 5), "newer");
}

// A position that is moved at the end is the file's that was given.
HAZARD(a_file_that_goes) {
  const int file = file_of(pattern(300000));
  const int other = file_of(pattern(300000, 2));
  const Ends sink = make(SOCK_STREAM);
  fill(sink.feed);
  std::string got;
  ssize_t answer = -1;
  std::thread sends([&] { answer = sendfile(sink.feed, file, nullptr, 300000); });
  sleep_ms(50);
  // It takes some, and waits again.
  static char taken[65536];
  for (int i = 0; i < 4; ++i) CHECK(read(sink.source, taken, sizeof(taken)) > 0);
  sleep_ms(50);
  CHECK_EQ(dup2(other, file), file);
  while (read(sink.source, taken, sizeof(taken)) == sizeof(taken)) {
  }
  shutdown(sink.source, SHUT_RD);
  signal(SIGPIPE, SIG_IGN);
  sends.join();
  CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
}

// A child of vfork has numbers of its own, though not a memory.
HAZARD(another_number_of_the_same_name) {
  const Pipe p;
  const Pipe to;
  std::atomic<bool> runs{false};
  std::thread parent([&] {
    const pid_t child = vfork();
    if (child == 0) {
      runs = true;
      _exit(splice(p.r, nullptr, to.w, nullptr, 100, 0) == 5 ? 0 : 1);
    }
    finish(child);
  });
  while (!runs) sleep_ms(1);
  sleep_ms(50);
  close(p.r);
  put(p.w, "right");
  parent.join();
  CHECK_EQ(take(to.r, 5), "right");
}

// So has a thread that was given a table of its own.
HAZARD(a_table_of_its_own) {
  const Pipe p;
  const Pipe to;
  ssize_t answer = -1;
  std::thread alone([&] {
    CHECK_EQ(unshare(CLONE_FILES), 0);
    answer = splice(p.r, nullptr, to.w, nullptr, 100, 0);
  });
  sleep_ms(100);
  close(p.r);
  put(p.w, "right");
  alone.join();
  CHECK_EQ(answer, 5);
  CHECK_EQ(take(to.r, 5), "right");
}
