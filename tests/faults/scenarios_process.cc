// What concerns the process: its memory, its handlers, its counters.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "core/engine.h"
#include "core/fault_guard.h"
#include "core/stats.h"
#include "states.h"
#include "world.h"

using namespace faults;

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
