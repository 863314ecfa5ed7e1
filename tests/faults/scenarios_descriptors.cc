// Descriptors: copied, closed, replaced, and told how to be.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "core/calls/engine.h"
#include "states.h"
#include "world.h"

using namespace faults;

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

static void replace_live_ends(World& w) {
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

SCENARIO(onto_a_live_end) { replace_live_ends(w); }

SCENARIO(onto_an_end_that_threads_may_use) {
  std::thread([] {}).join();  // from now on there might be others
  replace_live_ends(w);
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
  // Or a pipe's.
  Box& second = w.socket(SOCK_STREAM);
  w.splice(p, second, 20, kNow);
  Box& q = w.stranger();
  if (::dup2(q.in, second.in) < 0) abort();
  q.in = second.in;
  w.splice(p, q, 20, kNow);
  Box& says = w.talking(SOCK_STREAM, 100);
  w.splice(says, p, 50, kNow);
  Box& source = w.source(100);
  if (::dup2(source.out, says.out) < 0) abort();
  says.loses = true;
  source.out = says.out;
  w.splice(source, p, 50, kNow);
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
