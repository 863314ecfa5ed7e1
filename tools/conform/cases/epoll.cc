#include "tools/conform/cases/epoll.h"

#include <stdio.h>

namespace oracle {

int watcher(World& w) { return w.keep(::epoll_create1(EPOLL_CLOEXEC)); }

void add(World& w, int epoll, int fd, uint32_t events, uint64_t data) {
  epoll_event event = {events, {}};
  event.data.u64 = data;
  w.call("epoll_ctl", [&] { return w.sys.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event); });
}

void events(World& w, int epoll, const char* label) {
  epoll_event got[8] = {};
  const int n = ::epoll_wait(epoll, got, 8, 0);
  std::string text;
  for (int i = 0; i < n; ++i) {
    char one[64];
    snprintf(one, sizeof one, " %#x of %llu", got[i].events,
             static_cast<unsigned long long>(got[i].data.u64));
    text += one;
  }
  w.note("%s: %d%s", label, n, text.c_str());
}

}  // namespace oracle
