// The pattern of a proxy: threads with an epoll set each, sockets that do not block, a pipe for
// each direction of a connection, taken from a pool that all threads share and given back when it
// is empty, descriptors closed and their numbers used again at once.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "core/descriptors.h"
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
