// What happens around the transfers: reading, watching, copying, closing, forking, exposing.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "core/descriptors.h"
#include "core/engine.h"
#include "core/fault_guard.h"
#include "core/stats.h"
#include "inject.h"
#include "world.h"

using namespace faults;

namespace {

constexpr unsigned kNow = SPLICE_F_NONBLOCK;

// A pipe in a ring (if there are rings) with so many bytes.
Box& ring(World& w, size_t bytes) {
  Box& p = w.pipe();
  w.vmsplice_in(p, bytes, kNow);
  return p;
}

// A pipe of the kernel of which the engine holds bytes, and the kernel has some more.
Box& held(World& w, size_t bytes, Box& p) {
  w.write(p, bytes);
  w.tee(p, w.stranger(), bytes, kNow);
  w.put_in(p, 77);
  return p;
}
Box& held(World& w, size_t bytes) { return held(w, bytes, w.stranger()); }

void each(World& w, void (*what)(World&, Box&)) {
  what(w, w.pipe());
  what(w, ring(w, 5000));
  what(w, held(w, 5000));
  // Held of a pipe that was made here.
  Box& ours = w.pipe();
  anysplice::expose(ours.out, anysplice::Why::kStdio);
  what(w, held(w, 300, ours));
}

void read_some(World& w, Box& p) {
  if (!p.account.empty()) w.read(p, 100);
  if (!p.account.empty()) w.readv(p, 100);
  if (!p.account.empty()) w.preadv2(p, 100);
}

}  // namespace

SCENARIO(read_and_write) {
  each(w, [](World& world, Box& p) {
    read_some(world, p);
    world.write(p, 300);
    world.writev(p, 300);
    world.pwritev2(p, 300);
    read_some(world, p);
    world.write(p, 40000);
    read_some(world, p);
  });
}

SCENARIO(write_more_than_fits) {
  Box& p = ring(w, 60000);
  if (anysplice::fcntl(p.in, F_SETFL, O_NONBLOCK) != 0) return;
  w.write(p, 70000);
  w.writev(p, 70000);
  Box& q = held(w, 50000);
  if (anysplice::fcntl(q.in, F_SETFL, O_NONBLOCK) != 0) return;
  w.write(q, 70000);
}

SCENARIO(special_reads) {
  each(w, [](World& world, Box& p) {
    char byte;
    const iovec one{&byte, 1};
    // Flags that do nothing here; an offset that a pipe does not take.
    world.expect(anysplice::preadv2(p.out, &one, 1, 5, 0) == -1, "a pipe has no offsets");
    world.expect(anysplice::pwritev2(p.in, &one, 1, 5, 0) == -1, "a pipe has no offsets");
    if (p.account.empty()) return;
    if (anysplice::preadv2(p.out, &one, 1, -1, RWF_NOWAIT) == 1) world.took(p, {&byte, 1});
    if (p.account.empty()) return;
    if (anysplice::read(p.out, &byte, 1) == 1) world.took(p, {&byte, 1});
  });
}

SCENARIO(count_bytes) {
  each(w, [](World& world, Box& p) {
    int bytes = -1;
    const bool counted = anysplice::ioctl(p.out, FIONREAD, &bytes) == 0;
    world.expect(!counted || static_cast<size_t>(bytes) == p.account.size(), "FIONREAD is wrong");
  });
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

SCENARIO(copies) {
  each(w, [](World& world, Box& p) {
    const int out = p.out;
    if (const int copy = anysplice::dup(out); copy >= 0) {
      world.close(p.out);
      p.out = copy;
    }
    if (const int copy = anysplice::fcntl(p.out, F_DUPFD_CLOEXEC, 50); copy >= 0) {
      world.close(p.out);
      p.out = copy;
    }
    const int place = anysplice::dup(0);
    if (place < 0) return;
    if (anysplice::dup2(p.in, place) == place) {
      world.close(p.in);
      p.in = place;
    }
    const int other = anysplice::dup(0);
    if (other < 0) return;
    if (anysplice::dup3(p.out, other, O_CLOEXEC) == other) {
      world.close(p.out);
      p.out = other;
    }
    world.tee(p, world.stranger(), 50, kNow);
    read_some(world, p);
  });
}

SCENARIO(onto_standard_input) {
  each(w, [](World& world, Box& p) {
    if (anysplice::dup2(p.out, 0) != 0) return;
    world.close(p.out);
    p.out = 0;
    read_some(world, p);
    const int copy = anysplice::fcntl(0, F_DUPFD, 60);
    if (copy >= 0) p.out = copy;
    p.loses = copy < 0;  // the next one takes its only number
  });
}

SCENARIO(onto_a_live_end) {
  Box& a = ring(w, 3000);
  Box& b = held(w, 3000);
  Box& c = ring(w, 2000);
  // The reader of c goes; what is in c is lost, as the kernel would have it.
  if (anysplice::dup2(a.out, c.out) == c.out) {
    c.loses = true;
    w.close(a.out);
    a.out = c.out;
  }
  if (anysplice::dup3(b.in, c.in, 0) == c.in) {
    w.close(b.in);
    b.in = c.in;
    c.in = -1;
  }
  read_some(w, a);
  read_some(w, b);
}

SCENARIO(last_writer_goes) {
  each(w, [](World& world, Box& p) {
    world.close(p.in);
    if (!p.account.empty()) world.splice(p, world.sink(), 50);
  });
}

SCENARIO(last_reader_goes) {
  each(w, [](World& world, Box& p) {
    world.close(p.out);
    p.loses = true;
    world.expect(world.write(p, 10) == -1, "a write that nobody reads");
    world.expect(world.vmsplice_in(p, 10, kNow) == -1, "a vmsplice that nobody reads");
    world.expect(world.splice(world.source(10), p, 10, kNow) == -1, "a splice that nobody reads");
    world.close(p.in);
  });
}

SCENARIO(closed_in_ranges) {
  each(w, [](World& world, Box& p) {
    const int copy = anysplice::fcntl(p.out, F_DUPFD, 900);
    anysplice::close_range(900, 1000, 0);
    world.expect(copy < 0 || copy == 900 || fcntl(copy, F_GETFD) < 0, "not closed");
    anysplice::fcntl(p.out, F_DUPFD, 910);
    anysplice::closefrom(900);
    read_some(world, p);
  });
}

SCENARIO(sizes) {
  each(w, [](World& world, Box& p) {
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 1 << 18);
    world.vmsplice_in(p, 3000, kNow);
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 8192);
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 4096);
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 1 << 17);
    anysplice::fcntl(p.in, F_GETPIPE_SZ, 0);
  });
}

SCENARIO(flags) {
  each(w, [](World& world, Box& p) {
    int on = 1;
    anysplice::ioctl(p.out, FIONBIO, &on);
    anysplice::fcntl(p.in, F_SETFL, O_NONBLOCK);
    world.vmsplice_in(p, 3000, kNow);
    anysplice::fcntl(p.in, F_GETFL, 0);
    anysplice::fcntl(p.in, F_SETFL, 0);
    on = 0;
    anysplice::ioctl(p.out, FIONBIO, &on);
    // One that the engine does not know.
    pid_t owner = 0;
    anysplice::ioctl(p.out, FIOGETOWN, &owner);
    world.write(p, 10);
  });
}

SCENARIO(exposed) {
  each(w, [](World&, Box& p) { anysplice::expose(p.out, anysplice::Why::kStdio); });
  ring(w, 5000);
  held(w, 5000);
  anysplice::expose_all();
  held(w, 5000);
  anysplice::settle_held();
}

SCENARIO(nothing_kept) {
  Box& p = ring(w, 5000);
  held(w, 5000);
  anysplice::keep_nothing();
  w.tee(p, w.pipe(), 100, kNow);
  w.tee(w.talking(SOCK_STREAM, 10), p, 100, kNow);
}

SCENARIO(descriptors_sent) {
  const int sockets = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  each(w, [](World& world, Box& p) {
    Box& way = world.socket(SOCK_SEQPACKET);
    way.loses = true;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    char byte = 'x';
    iovec iov{&byte, 1};
    msghdr message{};
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &p.out, sizeof(int));
    anysplice::sendmsg(way.in, &message, 0);
    world.tee(p, world.stranger(), 10, kNow);
    read_some(world, p);
  });
  anysplice::close(sockets);
}

SCENARIO(forked) {
  Box& a = ring(w, 5000);
  Box& b = held(w, 5000);
  int report[2];
  if (::pipe(report) != 0) abort();
  const pid_t child = anysplice::fork();
  if (child < 0) return;
  if (child == 0) {
    char bytes[1000];
    for (Box* p : {&a, &b}) {
      ssize_t n = -1;
      pollfd fds{p->out, POLLIN, 0};
      if (anysplice::poll(&fds, 1, 0) == 1) n = anysplice::read(p->out, bytes, sizeof(bytes));
      if (::write(report[1], &n, sizeof(n)) < 0) _exit(1);
      if (n > 0 && ::write(report[1], bytes, static_cast<size_t>(n)) < 0) _exit(1);
    }
    anysplice::settle_held();
    _exit(0);
  }
  ::close(report[1]);
  for (Box* p : {&a, &b}) {
    ssize_t n = -1;
    char bytes[1000];
    if (::read(report[0], &n, sizeof(n)) != sizeof(n)) w.wrong("the child is gone");
    if (n > 0 && ::read(report[0], bytes, static_cast<size_t>(n)) != n) w.wrong("it said less");
    if (n > 0) w.took(*p, {bytes, static_cast<size_t>(n)});
  }
  waitpid(child, nullptr, 0);
  w.tee(b, a, 1000, kNow);
  read_some(w, b);
}

SCENARIO(before_vfork) {
  ring(w, 5000);
  held(w, 5000);
  anysplice::note_vfork();
  Box& p = ring(w, 100);
  if (const int copy = anysplice::dup(p.out); copy >= 0) anysplice::close(copy);
}

SCENARIO(numbers_closed_unseen) {
  // A socket that the engine knows; then the number is a file's.
  Box& p = w.pipe();
  Box& first = w.socket(SOCK_STREAM);
  w.write(p, 300);
  w.splice(p, first, 100, kNow);
  Box& file = w.sink();
  if (::dup2(file.in, first.in) < 0) abort();
  file.in = first.in;
  w.splice(p, file, 100, kNow);
  Box& says = w.talking(SOCK_STREAM, 100);
  w.splice(says, p, 50, kNow);
  Box& source = w.source(100);
  if (::dup2(source.out, says.out) < 0) abort();
  says.loses = true;
  source.out = says.out;
  w.splice(source, p, 50, kNow);
}

SCENARIO(bytes_that_came_unseen) {
  Box& p = ring(w, 100);
  w.put_in(p, 5000);
  w.read(p, 50);
  w.splice(p, w.sink(), 50, kNow);
  w.splice(p, w.sink(), 50, kNow);
  read_some(w, p);
}

SCENARIO(many_pages) {
  // Enough memory for some of it to be given back.
  for (int i = 0; i < 3; ++i) {
    Box& p = w.pipe();
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 1 << 20);
    w.splice(w.source(1 << 18), p, 1 << 20, kNow);
    w.splice(w.source(1 << 18), p, 1 << 20, kNow);
    w.splice(w.source(1 << 18), p, 1 << 20, kNow);
    w.splice(p, w.sink(), 1 << 20, kNow);
  }
}

SCENARIO(handlers) {
  Box& p = ring(w, 100);
  struct sigaction now {};
  anysplice::fault_guard::on_sigaction(SIGSEGV, nullptr, &now);
  read_some(w, p);
  anysplice::fault_guard::on_sigaction(SIGSEGV, &now, nullptr);
  read_some(w, p);
}

SCENARIO(counters) {
  char name[] = "/tmp/anysplice-stats.XXXXXX";
  const int fd = mkostemp(name, O_CLOEXEC);
  if (ftruncate(fd, sizeof(anysplice::Stats)) != 0) abort();
  ::close(fd);
  anysplice::share_stats(name);
  unlink(name);
  read_some(w, ring(w, 100));
}
