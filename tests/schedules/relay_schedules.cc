// The patterns of proxies. One: threads with an epoll set each, sockets that do not block, a pipe
// for each direction of a connection, taken from a pool that all threads share and given back when
// it is empty, descriptors closed and their numbers used again at once. The other: a thread for
// each direction of a TCP connection, with sockets and pipes that wait and such that do not.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "core/calls/descriptors.h"
#include "schedule.h"

using namespace schedules;

namespace {

constexpr size_t kBytes = 150000;

class Pool {
 public:
  Pipe take() {
    const std::lock_guard guard(mutex_);
    if (free_.empty()) return Pipe();
    const Pipe pipe = free_.back();
    free_.pop_back();
    return pipe;
  }
  void give(const Pipe& pipe) {
    {
      const std::lock_guard guard(mutex_);
      if (below(4) != 0) {
        free_.push_back(pipe);
        return;
      }
    }
    schedules::close(pipe);
  }

 private:
  std::mutex mutex_;
  std::vector<Pipe> free_;
};

// One direction of a connection.
struct Way {
  int from;
  int to;
  std::unique_ptr<Pipe> pipe;
  size_t inside = 0;
  bool ended = false;  // the source has said so
  bool shut = false;
};

// Moves what can be moved without waiting. False if the connection is broken.
bool push(Way& way, Pool& pool) {
  for (;;) {
    bool progress = false;
    if (!way.ended) {
      if (way.pipe == nullptr) way.pipe = std::make_unique<Pipe>(pool.take());
      const ssize_t n =
          anysplice::splice(way.from, nullptr, way.pipe->w, nullptr, 1 + below(70000), kNow);
      if (n == 0) way.ended = true;
      if (n > 0) way.inside += static_cast<size_t>(n);
      if (n < 0 && errno != EAGAIN) wrong("splice from a socket: errno " + std::to_string(errno));
      progress = n >= 0;
    }
    if (way.inside > 0) {
      const ssize_t n = anysplice::splice(way.pipe->r, nullptr, way.to, nullptr, way.inside, kNow);
      if (n == 0) wrong("a pipe that ought to have bytes is at its end");
      if (n < 0 && errno != EAGAIN) wrong("splice to a socket: errno " + std::to_string(errno));
      if (n > 0) way.inside -= static_cast<size_t>(n);
      progress = progress || n > 0;
    }
    if (way.inside == 0 && way.pipe != nullptr) {
      pool.give(*way.pipe);
      way.pipe = nullptr;
    }
    if (way.ended && way.inside == 0 && !way.shut) {
      way.shut = true;
      shutdown(way.to, SHUT_WR);
    }
    if (way.shut) return true;
    if (!progress) return true;
  }
}

void socket_pair(int ends[2]) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    wrong("socketpair");
  }
  anysplice::forget(ends[0]);
  anysplice::forget(ends[1]);
}

void tcp_pair(int ends[2]) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (const int fd : {listener, ends[0]}) anysplice::forget(fd);
  const bool good = bind(listener, any, size) == 0 && listen(listener, 1) == 0 &&
                    getsockname(listener, any, &size) == 0 && connect(ends[0], any, size) == 0;
  ends[1] = good ? accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) : -1;
  if (ends[1] < 0) wrong("a TCP connection: errno " + std::to_string(errno));
  anysplice::forget(ends[1]);
  anysplice::close(listener);
}

void never_wait(int fd) {
  if (anysplice::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) wrong("O_NONBLOCK");
}

// Makes a call until it does not fail for want of that event.
template <typename Made>
ssize_t sooner_or_later(int fd, short event, Made made) {
  for (;;) {
    const ssize_t n = made();
    if (n >= 0) return n;
    if (errno != EAGAIN) wrong("a relay: errno " + std::to_string(errno));
    pollfd p{fd, event, 0};
    if (anysplice::poll(&p, 1, 5000) == 0) wrong("nothing happens any more");
  }
}

// Relays one direction to its end.
void relay(int from, int to, int pipe_flags, unsigned flags) {
  const Pipe pipe(pipe_flags);
  for (;;) {
    ssize_t inside = sooner_or_later(from, POLLIN, [&] {
      return anysplice::splice(from, nullptr, pipe.w, nullptr, 1 + below(70000), flags);
    });
    if (inside == 0) break;
    while (inside > 0) {
      const ssize_t n = sooner_or_later(to, POLLOUT, [&] {
        return anysplice::splice(pipe.r, nullptr, to, nullptr, static_cast<size_t>(inside),
                                 flags | (below(4) == 0 ? unsigned{SPLICE_F_MORE} : 0u));
      });
      if (n == 0) wrong("a pipe that ought to have bytes is at its end");
      inside -= n;
    }
  }
  shutdown(to, SHUT_WR);
  schedules::close(pipe);
}

// Sends the stream both ways through a connection and checks what comes out.
void talk(int a, int b, size_t start) {
  std::string got[2];
  size_t sent[2] = {0, 0};
  const int fds[2] = {a, b};
  const std::string_view bytes = stream().substr(start, kBytes);
  while (got[0].size() < kBytes || got[1].size() < kBytes) {
    for (int i = 0; i < 2; ++i) {
      char buffer[20000];
      if (sent[i] < kBytes) {
        const ssize_t n = send(fds[i], bytes.data() + sent[i], kBytes - sent[i], MSG_NOSIGNAL);
        if (n > 0) sent[i] += static_cast<size_t>(n);
        if (sent[i] == kBytes) shutdown(fds[i], SHUT_WR);
      }
      const ssize_t n = recv(fds[i], buffer, sizeof(buffer), 0);
      if (n > 0) got[i].append(buffer, static_cast<size_t>(n));
      if (n == 0 && got[i].size() < kBytes) wrong("a connection that ends too early");
    }
    usleep(20);
  }
  same("one way", got[0], bytes);
  same("the other way", got[1], bytes);
}

// A thread of the proxy: its connections are a pair of ways each.
void serve(Pool& pool, const std::vector<std::pair<int, int>>& sockets) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  anysplice::forget(set);
  std::map<int, std::vector<Way*>> by_number;
  std::vector<std::unique_ptr<Way>> ways;
  for (const auto& [a, b] : sockets) {
    for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
      ways.push_back(std::make_unique<Way>(Way{.from = from, .to = to, .pipe = nullptr}));
      by_number[from].push_back(ways.back().get());
      by_number[to].push_back(ways.back().get());
    }
    for (const int fd : {a, b}) {
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
      if (anysplice::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) wrong("epoll_ctl");
    }
  }
  size_t open = ways.size();
  while (open > 0) {
    epoll_event events[8];
    const int n = epoll_wait(set, events, 8, 5000);
    if (n == 0) wrong("nothing happens any more");
    for (int i = 0; i < n; ++i) {
      for (Way* way : by_number[events[i].data.fd]) {
        if (way->shut) continue;
        push(*way, pool);
        if (way->shut) --open;
      }
    }
  }
  for (const auto& [a, b] : sockets) {
    anysplice::close(a);
    anysplice::close(b);
  }
  anysplice::close(set);
}

}  // namespace

SCHEDULE(proxy_both_ways_at_once) {
  Pool pool;
  const auto worker = [&] {
    for (int round = 0; round < 4; ++round) {
      std::vector<std::pair<int, int>> served;
      std::vector<std::thread> talkers;
      for (int i = 0; i < 2; ++i) {
        int left[2];
        int right[2];
        socket_pair(left);
        socket_pair(right);
        served.push_back({left[1], right[1]});
        talkers.emplace_back([a = left[0], b = right[0], start = below(500000)] {
          talk(a, b, start);
          anysplice::close(a);
          anysplice::close(b);
        });
      }
      serve(pool, served);
      for (std::thread& talker : talkers) talker.join();
    }
  };
  together({worker, worker, worker});
}

SCHEDULE(relays_over_tcp) {
  std::vector<std::function<void()>> threads;
  std::vector<int> sockets;
  for (unsigned kind = 0; kind < 4; ++kind) {
    int left[2];
    int right[2];
    tcp_pair(left);
    tcp_pair(right);
    for (const int fd : {left[0], right[0]}) never_wait(fd);
    const bool waits = kind % 2 == 0;
    if (!waits) {
      for (const int fd : {left[1], right[1]}) never_wait(fd);
    }
    // With sockets that wait, the flag is for the pipe only, which has what it needs.
    const int pipe_flags = kind >= 2 ? O_NONBLOCK : 0;
    const unsigned flags = kind == 1 || kind == 2 ? kNow : 0;
    threads.push_back([=] { relay(left[1], right[1], pipe_flags, flags); });
    threads.push_back([=] { relay(right[1], left[1], pipe_flags, flags); });
    threads.push_back([a = left[0], b = right[0], start = below(500000)] { talk(a, b, start); });
    for (const int fd : {left[0], left[1], right[0], right[1]}) sockets.push_back(fd);
  }
  together(threads);
  for (const int fd : sockets) anysplice::close(fd);
}
