// What concerns the process: its memory, its handlers, its counters.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "core/api/settings.h"
#include "core/calls/engine.h"
#include "core/calls/losing_memory.h"
#include "core/calls/observation.h"
#include "core/memory/guarded_signals.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/turns.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/signal_actions.h"
#include "core/sys/supervisor.h"
#include "core/telemetry/counters.h"
#include "inject.h"
#include "states.h"
#include "world.h"

using namespace faults;

SCENARIO(many_pages) {
  // Enough of them that some go back to the system.
  std::vector<Box*> pipes;
  for (int i = 0; i < 3; ++i) {
    Box& p = w.pipe();
    anysplice::fcntl(p.in, F_SETPIPE_SZ, 1 << 20);
    w.splice(w.source(3 << 18), p, 1 << 20, kNow);
    pipes.push_back(&p);
  }
  for (Box* p : pipes) w.splice(*p, w.sink(), 1 << 20, kNow);
}

SCENARIO(handlers) {
  Box& p = ring(w, 100);
  struct sigaction now {};
  anysplice::fault_guard::on_sigaction(SIGSEGV, nullptr, &now);
  read_some(w, p);
  anysplice::fault_guard::on_sigaction(SIGSEGV, &now, nullptr);
  read_some(w, p);
}

// Both make what the process has once, and only one of each is kept.
SCENARIO(two_threads_that_begin) {
  const auto beside = [&](auto what) {
    meanwhile(Function::mmap, [what] { std::thread(what).join(); });
  };
  Box& q = w.stranger();
  Box& p = w.pipe();
  Box& other = w.pipe();
  beside([&] { anysplice::kernel_pipe::readable(q.out); });
  anysplice::kernel_pipe::readable(q.out);
  beside([&] { w.vmsplice_in(other, 100, kNow); });
  w.vmsplice_in(p, 200, kNow);
  beside([&] { w.tee(other, w.stranger(), 100, kNow); });
  w.tee(p, q, 200, kNow);
  w.splice(p, other, 100, kNow);
  beside([] { anysplice::turns::share_with_children(); });
  anysplice::turns::share_with_children();
}

// A fault in the program itself is not the guard's.
SCENARIO(a_crash) {
  Box& p = ring(w, 100);
  read_some(w, p);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    *reinterpret_cast<volatile char*>(16) = 0;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  w.expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a crash that is none");
}

// A handler that runs in the middle of work on a ring, and uses the same. It was installed unseen:
// others would be put off. (Where there are no rings signals are blocked then.)
SCENARIO(a_handler_on_its_own_pipe) {
  anysplice::signal_actions::start();
  static World* world;
  static Box* used;
  static bool inside;
  world = &w;
  used = &ring(w, 5000);
  signal(SIGUSR1, [](int) {
    if (!inside) return;
    int count = 0;
    anysplice::ioctl(used->out, FIONREAD, &count);
    world->expect(world->read(*used, 10) == -1, "a read in the middle of another");
    world->write(*used, 10);
  });
  meanwhile(Function::writev, [] {
    inside = true;
    raise(SIGUSR1);
    inside = false;
  });
  w.splice(*used, w.sink(), 1000, kNow);
  read_some(w, *used);
}

static bool acted;
static bool childs_fault;

// The same, and the handler lets others see that pipe: it leaves the ring when the work is over.
static void let_see_in_a_handler(World& w, void (*let_see)(Box&)) {
  anysplice::signal_actions::start();
  static Box* used;
  static void (*act)(Box&);
  static bool inside;
  act = let_see;
  used = &ring(w, 5000);
  signal(SIGUSR1, [](int) {
    if (inside) act(*used);
  });
  meanwhile(Function::writev, [] {
    inside = true;
    raise(SIGUSR1);
    inside = false;
  });
  w.splice(*used, w.sink(), 1000, kNow);
  w.expect(!childs_fault, "a child gave away what is its parent's");
  int bytes = -1;
  if (!acted || anysplice::holds_bytes(used->out)) return;  // they were not to be put back
  if (::ioctl(used->out, FIONREAD, &bytes) != 0) return;
  w.expect(static_cast<size_t>(bytes) == used->account.size(), "not all is in the kernel's pipe");
}

SCENARIO(a_handler_that_watches) {
  let_see_in_a_handler(w, [](Box& p) {
    const int watched = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    acted = anysplice::epoll_ctl(watched, EPOLL_CTL_ADD, p.out, &event) == 0;
  });
}

SCENARIO(a_handler_that_forks) {
  let_see_in_a_handler(w, [](Box& p) {
    const pid_t child = anysplice::fork();
    if (child == 0) {
      // What is in the ring is its parent's to give away.
      anysplice::expose_all();
      int bytes = 0;
      _exit(::ioctl(p.out, FIONREAD, &bytes) == 0 && bytes == 0 ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return;
    acted = true;
    if (status != 0) childs_fault = true;
  });
}

// A file of zeros but for its first word, for so long.
static void with_file(size_t size, uint64_t first_word, void (*use)(const char*)) {
  char name[] = "/tmp/anysplice-stats.XXXXXX";
  const int fd = mkostemp(name, O_CLOEXEC);
  if (ftruncate(fd, static_cast<off_t>(size)) != 0 ||
      ::pwrite(fd, &first_word, sizeof(first_word), 0) != sizeof(first_word)) {
    abort();
  }
  ::close(fd);
  use(name);
  unlink(name);
}

static void count_in_file(uint64_t first_word) {
  with_file(sizeof(anysplice::Stats), first_word, [](const char* name) {
    if (anysplice::share_stats(name)) anysplice::observers.fetch_or(anysplice::kCounting);
  });
}

SCENARIO(counters) {
  count_in_file(1);  // of somebody else
  w.expect(anysplice::observers.load() == 0, "counted in a file of somebody else's");
  count_in_file(0);
  Box& p = ring(w, 100);
  w.splice(p, w.sink(), 50, kNow);
  read_some(w, p);
}

static void find_in_file(uint64_t first_word) {
  with_file(sizeof(anysplice::reuse::Findings), first_word,
            [](const char* name) { anysplice::reuse::share_findings(name); });
}

SCENARIO(memory_goes_while_in_a_pipe) {
  find_in_file(1);
  w.expect(!anysplice::reuse::findings_shared(), "told a file of somebody else's");
  find_in_file(anysplice::reuse::Findings::kMagic);
  if (!anysplice::reuse::start(anysplice::copy_from_user)) return;
  Box& p = ring(w, 100);
  w.vmsplice_in(p, 200, kNow);
  // All of it is said to be gone, which is something to report.
  anysplice::LosingMemory losing(nullptr, SIZE_MAX);
  losing.gone();
  read_some(w, p);
}

SCENARIO(settings_that_are_none) {
  Box& p = ring(w, 100);
  char mode[] = "ANYSPLICE_MODE=fast";
  char rings[] = "ANYSPLICE_RINGS=perhaps";
  char* environment[] = {mode, rings, nullptr};
  anysplice::take_settings("faults", environment);
  read_some(w, p);
}

SCENARIO(a_supervisor_is_told) {
  const std::string called = std::to_string(SYS_splice) + ":1";
  anysplice::supervisor::start(called.c_str(),
                               [] { anysplice::expose_all(anysplice::SettleReason::kRaw); });
  Box& p = ring(w, 5000);
  Box& out = w.pipe();
  w.tee(held(w, 5000), out, 100, kNow);
  raise(SIGURG);  // not the supervisor's
  w.splice(p, out, 5000, kNow);
}
