// A number that another thread closes, or makes name something else, while a call waits on it: the
// call goes on with what it was given.
#include <poll.h>
#include <sys/socket.h>

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

// A thread's call that waits, while `go` is under way.
ssize_t during(const std::function<ssize_t()>& call, const std::function<void()>& go) {
  ssize_t answer = -1;
  std::thread other([&] { answer = call(); });
  sleep_ms(50);
  go();
  other.join();
  return answer;
}

void replace(int fd, int by, Way way) {
  if (way != Way::kDup2) close(fd);
  if (way != Way::kClose) CHECK_EQ(dup2(by, fd), fd);
  sleep_ms(10);
}

}  // namespace

HAZARD(a_source_that_goes) {
  for (const int kind : kKinds) {
    for (const Way way : {Way::kDup2, Way::kClose, Way::kCloseAndDup2}) {
      const Ends first = make(kind);
      const Ends other = make(kind);
      put(other.feed, "OTHER");
      const Pipe to;
      const auto call = [&] { return splice(first.source, nullptr, to.w, nullptr, 100, 0); };
      const auto go = [&] {
        replace(first.source, other.source, way);
        put(first.feed, "right");
      };
      CHECK_EQ(during(call, go), 5);
      CHECK_EQ(take(to.r, 5), "right");
      CHECK_EQ(take(way == Way::kClose ? other.source : first.source, 5), "OTHER");
      // Nothing of it stays.
      if (kind != SOCK_DGRAM) CHECK(ready(first.feed, POLLIN | POLLERR | POLLHUP, 1000) != 0);
      for (const int fd : {first.source, first.feed, other.source, other.feed}) close(fd);
    }
  }
}

HAZARD(a_pipe_that_goes) {
  char bytes[5];
  const iovec iov{bytes, sizeof(bytes)};
  const std::function<ssize_t(int, int)> calls[] = {
      [](int from, int to) { return tee(from, to, 100, 0); },
      [&](int from, int) { return vmsplice(from, &iov, 1, 0); }};
  for (const auto& call : calls) {
    for (const Way way : {Way::kDup2, Way::kClose, Way::kCloseAndDup2}) {
      const Ends first = make(0);
      const Ends other = make(0);
      put(other.feed, "OTHER");
      const Pipe to;
      const auto go = [&] {
        replace(first.source, other.source, way);
        put(first.feed, "right");
      };
      CHECK_EQ(during([&] { return call(first.source, to.w); }, go), 5);
      CHECK_EQ(take(way == Way::kClose ? other.source : first.source, 5), "OTHER");
      for (const int fd : {first.source, first.feed, other.source, other.feed}) close(fd);
    }
  }
}

// The other end of the transfer than the one that is waited for.
HAZARD(a_sink_that_goes) {
  const Ends first = make(0);
  for (const bool full : {false, true}) {
    for (const Way way : {Way::kDup2, Way::kClose, Way::kCloseAndDup2}) {
      const Ends sink = make(kConnection);
      const Ends other = make(kConnection);
      if (full) {
        fill(sink.feed);
        put(first.feed, "right");
      }
      const auto call = [&] { return splice(first.source, nullptr, sink.feed, nullptr, 5, 0); };
      const auto go = [&] {
        replace(sink.feed, other.feed, way);
        if (!full) put(first.feed, "right");
        // Until there is room.
        static char taken[65536];
        for (std::string last; last != "right";) {
          const ssize_t n = read(sink.source, taken, sizeof(taken));
          CHECK(n > 0);
          last.append(taken, static_cast<size_t>(n));
          last.erase(0, last.size() > 5 ? last.size() - 5 : 0);
        }
      };
      CHECK_EQ(during(call, go), 5);
      CHECK_EQ(ready(other.source, POLLIN), 0);
      CHECK_EQ(take(sink.source, 1), "");  // the last writer is gone
      for (const int fd : {sink.source, sink.feed, other.source, other.feed}) close(fd);
    }
  }
}

// A child that is forked meanwhile has no part in it.
HAZARD(forked_meanwhile) {
  const Ends first = make(SOCK_STREAM);
  const Pipe to;
  pid_t child = -1;
  const Pipe end;
  const auto call = [&] { return splice(first.source, nullptr, to.w, nullptr, 100, 0); };
  const auto go = [&] {
    close(first.source);
    child = start([&] {
      close(end.w);
      close(first.feed);
      char byte;
      CHECK_EQ(read(end.r, &byte, 1), 0);
    });
    put(first.feed, "right");
  };
  CHECK_EQ(during(call, go), 5);
  CHECK_EQ(take(to.r, 5), "right");
  CHECK_FAILS(send(first.feed, "x", 1, MSG_NOSIGNAL), EPIPE);
  close(end.w);
  finish(child);
}
