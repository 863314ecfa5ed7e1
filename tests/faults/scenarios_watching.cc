// poll, select and epoll.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/calls/engine.h"
#include "states.h"
#include "world.h"

using namespace faults;

SCENARIO(watch_before_there_is_a_pipe) {
  pollfd one{w.socket(SOCK_STREAM).in, POLLOUT, 0};
  const timespec now{0, 0};
  anysplice::poll(&one, 1, 0);
  anysplice::ppoll(&one, 1, &now, nullptr);
}

SCENARIO(watch_now) {
  each(w, [](World& world, Box& p) {
    pollfd fds[] = {{p.out, POLLIN, 0}, {p.in, POLLOUT, 0}, {-1, POLLIN, 0}};
    const timespec now{0, 0};
    timeval at_once{0, 0};
    for (int call = 0; call < 4; ++call) {
      fd_set r, out;
      FD_ZERO(&r);
      FD_ZERO(&out);
      FD_SET(p.out, &r);
      FD_SET(p.in, &out);
      const int highest = std::max(p.out, p.in) + 1;
      int n = 0;
      switch (call) {
        case 0:
          n = anysplice::poll(fds, 3, 0);
          break;
        case 1:
          n = anysplice::ppoll(fds, 3, &now, nullptr);
          break;
        case 2:
          n = anysplice::select(highest, &r, &out, nullptr, &at_once);
          break;
        default:
          n = anysplice::pselect(highest, &r, &out, nullptr, &now, nullptr);
      }
      if (n < 0 || p.account.empty()) continue;
      const bool ready = call < 2 ? (fds[0].revents & POLLIN) != 0 : FD_ISSET(p.out, &r);
      world.expect(ready, "a pipe with bytes is not ready");
    }
  });
}

SCENARIO(watch_and_wait) {
  // Of pipes that are ready, some of them by what the engine has.
  each(w, [](World& world, Box& p) {
    const timespec moment{0, 20000000};
    timeval short_while{0, 20000};
    pollfd fds{p.out, POLLIN, 0};
    fd_set r;
    FD_ZERO(&r);
    FD_SET(p.out, &r);
    world.write(p, 10);
    anysplice::poll(&fds, 1, 20);
    anysplice::ppoll(&fds, 1, &moment, nullptr);
    anysplice::select(p.out + 1, &r, nullptr, nullptr, &short_while);
    anysplice::pselect(p.out + 1, &r, nullptr, nullptr, &moment, nullptr);
  });
}

SCENARIO(wait_in_vain) {
  each(w, [](World&, Box& p) {
    const timespec moment{0, 1000000};
    timeval short_while{0, 1000};
    pollfd fds{p.in, POLLIN, 0};
    fd_set r;
    FD_ZERO(&r);
    FD_SET(p.in, &r);
    anysplice::poll(&fds, 1, 1);
    anysplice::ppoll(&fds, 1, &moment, nullptr);
    anysplice::select(p.in + 1, &r, nullptr, nullptr, &short_while);
    anysplice::pselect(p.in + 1, &r, nullptr, nullptr, &moment, nullptr);
  });
}

SCENARIO(epoll) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  each(w, [](World& world, Box& p) {
    const int watched = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{.events = EPOLLIN, .data = {.fd = p.out}};
    const bool added = anysplice::epoll_ctl(watched, EPOLL_CTL_ADD, p.out, &event) == 0;
    world.tee(p, world.stranger(), 100, kNow);
    if (added && !p.account.empty()) {
      world.expect(epoll_wait(watched, &event, 1, 0) == 1, "bytes that epoll does not see");
    }
    anysplice::epoll_ctl(watched, EPOLL_CTL_DEL, p.out, nullptr);
  });
  anysplice::close(set);
}
