// Reading and writing pipes, and counting what is in them.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "core/calls/engine.h"
#include "core/policy/mode.h"
#include "states.h"
#include "world.h"

using namespace faults;

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

// After an ioctl that may have told somebody to write, each call looks for that.
SCENARIO(more_that_came_unseen_than_fits) {
  if (anysplice::mode() != anysplice::Mode::kEmulate) return;  // the kernel's pipe is full then
  Box& p = ring(w, 60000);
  int unused = 0;
  anysplice::ioctl(w.sink().in, FS_IOC_GETFLAGS, &unused);
  w.put_in(p, 5000);
  read_some(w, p);
}

SCENARIO(bytes_that_came_unseen) {
  Box& p = ring(w, 100);
  w.put_in(p, 5000);
  w.read(p, 50);
  w.splice(p, w.sink(), 50, kNow);
  w.splice(p, w.sink(), 50, kNow);
  read_some(w, p);
}
