// past_library WHAT [ARGUMENT]...: calls by libc's names and calls by instructions of the program's
// own, mixed on the same pipes. Every byte is compared with a model. Prints what is wrong, and then
// exits with 1.
//
//   mixed SEED [THREADS]   random calls; while a timer's signals come, and children are forked
//   tee                    bytes that a tee leaves in a pipe that the library did not see being
//   made dlmopen                the same random calls, by a second C library blocked an own call
//   while SIGURG is blocked and a ring has bytes: its errno handlers               whether the
//   program sees anything of the handler for SIGURG execute PROGRAM ...    becomes another program
//   while a ring has bytes
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <string_view>
#include <vector>

#include "mixed_calls.h"
#include "own_call.h"

using namespace mixed_calls;

namespace {

constexpr int kSteps = 600;

ByNumber its_syscall;
int* (*its_errno)();
long by_second_library(long n, long a, long b, long c, long d, long e, long f) {
  const long result = its_syscall(n, a, b, c, d, e, f);
  errno = *its_errno();
  return result;
}

void* random_calls(void* seed) {
  const auto number = static_cast<unsigned>(reinterpret_cast<uintptr_t>(seed));
  for (const bool seen : {true, false}) {
    World world(number, seen);
    for (int i = 0; i < kSteps; ++i) world.step();
    world.end();
  }
  return nullptr;
}

void start_timer() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 700}, {0, 700}};
  setitimer(ITIMER_REAL, &often, nullptr);
}

int mixed(unsigned seed, unsigned threads) {
  start_timer();
  std::vector<pthread_t> others(threads);
  for (unsigned i = 0; i < threads; ++i) {
    void* const number = reinterpret_cast<void*>(uintptr_t{seed + i + 1});
    if (pthread_create(&others[i], nullptr, random_calls, number) != 0) fail("pthread_create");
  }
  random_calls(reinterpret_cast<void*>(uintptr_t{seed}));
  for (const pthread_t thread : others) pthread_join(thread, nullptr);
  return 0;
}

// A pipe with bytes that the library keeps in memory, if the kernel has no splice.
void fill_ring(int (&ends)[2]) {
  int zero = open("/dev/zero", O_RDONLY);
  if (zero < 0 || pipe(ends) != 0) fail("pipe");
  if (splice(zero, nullptr, ends[1], nullptr, 5000, 0) != 5000) fail("splice");
  close(zero);
}

int blocked() {
  int ends[2], others[2];
  fill_ring(ends);
  if (pipe(others) != 0) fail("pipe");
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, nullptr);
  const long n = own_call(SYS_splice, ends[0], 0, others[1], 0, 5000, 0);
  const int error = n < 0 ? errno : 0;
  char bytes[6000];
  printf("%ld %d %zd\n", n, error, read(n > 0 ? others[0] : ends[0], bytes, sizeof(bytes)));
  return 0;
}

volatile sig_atomic_t urgent;

int handlers() {
  int ends[2], others[2];
  fill_ring(ends);
  if (pipe(others) != 0) fail("pipe");
  struct sigaction action;
  sigaction(SIGURG, nullptr, &action);
  if (action.sa_handler != SIG_DFL || action.sa_flags != 0) return puts("not the default"), 1;
  raise(SIGURG);
  action.sa_handler = SIG_IGN;
  action.sa_flags = 0;
  sigaction(SIGURG, &action, nullptr);
  if (signal(SIGURG, [](int) { urgent = urgent + 1; }) != SIG_IGN) return puts("not ignored"), 1;
  raise(SIGURG);
  if (own_call(SYS_splice, ends[0], 0, others[1], 0, 5000, 0) != 5000) fail("own splice");
  if (urgent != 1) return printf("%d signals\n", static_cast<int>(urgent)), 1;
  signal(SIGURG, SIG_DFL);
  raise(SIGURG);
  fill_ring(ends);
  if (own_call(SYS_splice, ends[0], 0, others[1], 0, 5000, 0) != 5000) fail("own splice");
  return 0;
}

// Bytes are held in front of those in the kernel.
int leaves_held() {
  int in[2], out[2];
  char bytes[32] = {};
  if (own_call(SYS_pipe2, reinterpret_cast<long>(in), 0) != 0 || pipe(out) != 0) fail("pipe");
  if (write(in[1], "abcdef", 6) != 6 || tee(in[0], out[1], 3, 0) != 3) fail("tee");
  if (own_call(SYS_splice, in[0], 0, out[1], 0, 4, 0) != 4) fail("splice");
  if (write(in[1], "ghi", 3) != 3 || own_call(SYS_tee, in[0], out[1], 5, 0) != 5) fail("tee");
  if (read(out[0], bytes, sizeof(bytes)) != 12) fail("read");
  if (read(in[0], bytes + 12, 10) != 5) fail("read");
  puts(bytes);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const unsigned number = argc > 2 ? static_cast<unsigned>(atoi(argv[2])) : 1;
  if (what == "mixed") return mixed(number, argc > 3 ? static_cast<unsigned>(atoi(argv[3])) : 0);
  if (what == "tee") return leaves_held();
  if (what == "blocked") return blocked();
  if (what == "handlers") return handlers();
  if (what == "dlmopen") {
    void* const second = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
    if (second == nullptr) return puts(dlerror()), 1;
    its_syscall = reinterpret_cast<ByNumber>(dlsym(second, "syscall"));
    its_errno = reinterpret_cast<int* (*)()>(dlsym(second, "__errno_location"));
    past = by_second_library;
    return mixed(number, 0);
  }
  if (what == "execute" && argc > 2) {
    int ends[2];
    fill_ring(ends);
    execv(argv[2], argv + 2);
  }
  return 2;
}
