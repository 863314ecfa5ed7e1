// Watching a pipe by epoll while bytes of it stay with the engine.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/epoll.h"

namespace oracle {

GROUP("watching: epoll and bytes that stay") {
  check({
      {"registered after a tee",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         w.tee(p.r, copy.w, 50);
         const int e = watcher(w);
         add(w, e, p.r, EPOLLIN);
         events(w, e);
         w.read(p.r, 100);
         events(w, e);
       }},
      {"modified and deleted while bytes stay",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         const int e = watcher(w);
         add(w, e, p.r, EPOLLIN, 1);
         w.tee(p.r, copy.w, 50);
         epoll_event changed = {EPOLLIN, {}};
         changed.data.u64 = 2;
         w.call("modify", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_MOD, p.r, &changed); });
         events(w, e);
         changed.events = 0;
         w.call("modify", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_MOD, p.r, &changed); });
         events(w, e);
         w.call("add again", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_ADD, p.r, &changed); });
         w.call("delete", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_DEL, p.r, nullptr); });
         events(w, e);
         w.call("delete again", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_DEL, p.r, nullptr); });
       }},
      {"one shot",
       [](World& w) {
         const Pipe p = w.pipe(), copy = w.pipe();
         const int e = watcher(w);
         add(w, e, p.r, EPOLLIN | EPOLLONESHOT);
         w.write(p.w, bytes(100));
         events(w, e);
         w.tee(p.r, copy.w, 50);
         events(w, e);
       }},
      {"two instances, two descriptors",
       [](World& w) {
         const Pipe p = w.pipe(), copy = w.pipe();
         const int other = w.dup(p.r), e = watcher(w), f = watcher(w);
         add(w, e, p.r, EPOLLIN, 1);
         add(w, f, other, EPOLLIN, 2);
         w.write(p.w, bytes(100));
         w.tee(p.r, copy.w, 50);
         events(w, e);
         events(w, f);
         w.read(p.r, 100);
         events(w, e);
         events(w, f);
       }},
      {"closed while bytes stay",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(100)), copy = w.pipe();
         const int e = watcher(w);
         add(w, e, p.r, EPOLLIN);
         w.tee(p.r, copy.w, 50);
         w.close(p.r);
         events(w, e);
         w.poll(p.w, POLLOUT);
       }},
      {"watching the write end for room",
       [](World& w) {
         const Pipe p = w.full_pipe(), copy = w.pipe();
         const int e = watcher(w);
         add(w, e, p.w, EPOLLOUT);
         events(w, e);
         w.tee(p.r, copy.w, 5000);
         events(w, e);
         w.splice(p.r, w.file(""), 4096);
         events(w, e);
       }},
      {"bad arguments",
       [](World& w) {
         const Pipe p = w.pipe_of("data");
         epoll_event event = {EPOLLIN, {}};
         const int e = watcher(w);
         w.call("not epoll", [&] { return w.sys.epoll_ctl(p.w, EPOLL_CTL_ADD, p.r, &event); });
         w.call("closed", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_ADD, 9999, &event); });
         w.call("no event", [&] { return w.sys.epoll_ctl(e, EPOLL_CTL_ADD, p.r, nullptr); });
         w.call("operation", [&] { return w.sys.epoll_ctl(e, 77, p.r, &event); });
         w.call("poll no array", [&] { return w.sys.poll(nullptr, 1, 0); });
         w.call("poll nothing", [&] { return w.sys.poll(nullptr, 0, 0); });
         w.call("FIONREAD to nowhere", [&] { return w.sys.ioctl(p.r, FIONREAD, nullptr); });
       }},
  });
}

}  // namespace oracle
