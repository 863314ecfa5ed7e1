// What the preload adds to a read or write on a descriptor that is not the library's.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/bench/peers.h"
#include "tools/bench/preload_cost.h"
#include "tools/bench/spawned.h"
#include "tools/library_path.h"
#include "tools/status.h"

namespace anysplice::tools::bench {
namespace {

using Read = ssize_t (*)(int, void*, size_t);
using Write = ssize_t (*)(int, const void*, size_t);

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// --- the process whose calls are timed -----------------------------------------------------------

// Where libc lies, by a function that nobody interposes. 0: it is part of the program.
uintptr_t libc_start(void* function) {
  Dl_info found{};
  return dladdr(function, &found) != 0 ? reinterpret_cast<uintptr_t>(found.dli_fbase) : 0;
}
uintptr_t libc_start() { return libc_start(reinterpret_cast<void*>(&::labs)); }

// How far behind that a function of libc's is. Asked for where the library is not preloaded: there
// dlsym(3) answers the library's.
std::string place_in_libc(const char* name) {
  void* const libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
  void* const function = libc != nullptr ? dlsym(libc, name) : nullptr;
  if (function == nullptr || libc_start(function) != libc_start()) return "0";
  return absl::StrCat(reinterpret_cast<uintptr_t>(function) - libc_start());
}

template <typename Function>
Function at_place(absl::string_view place) {
  uintptr_t offset = 0;
  if (!absl::SimpleAtoi(place, &offset) || offset == 0 || libc_start() == 0) return nullptr;
  return reinterpret_cast<Function>(libc_start() + offset);
}

// What it says to each command, 'r' or 'w': nanoseconds a call, of the program's function and of
// libc's. 0: there is no libc to be found.
struct Timing {
  double program;
  double libc;
};

template <typename Function, typename Buffer>
double time_block(Function function, int fd, Buffer buffer) {
  constexpr int kCalls = 1000;
  const double start = now();
  for (int i = 0; i < kCalls; ++i) function(fd, buffer, 1);
  return (now() - start) * 1e9 / kCalls;
}

template <typename Function, typename Buffer>
Timing time_call(Function program, Function libc, int fd, Buffer buffer) {
  constexpr size_t kBlocks = 16;
  // The least disturbed block of each; who is first alternates.
  Timing best{INFINITY, libc != nullptr ? INFINITY : 0};
  for (size_t i = 0; i < kBlocks; ++i) {
    for (const bool first : {true, false}) {
      const bool program_now = first == (i % 2 == 0);
      if (!program_now && libc == nullptr) continue;
      double& least = program_now ? best.program : best.libc;
      least = std::min(least, time_block<Function>(program_now ? program : libc, fd, buffer));
    }
  }
  return best;
}

// --- the process that asks -----------------------------------------------------------------------

class Timer {
 public:
  explicit Timer(const std::string& preload) {
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0) return;
    Fd commands(to[0]);
    commands_ = Fd(to[1]);
    if (::pipe2(from, O_CLOEXEC) != 0) return;
    answers_ = Fd(from[0]);
    Fd results(from[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, commands.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, results.get(), STDOUT_FILENO);
    process_ = Peer(spawn({own_path(), "bench", std::string(kCallTimer), place_in_libc("read"),
                           place_in_libc("write")},
                          Environment(preload), &actions));
    posix_spawn_file_actions_destroy(&actions);
  }

  bool ask(char command, Timing* timing) {
    constexpr int kPatience = 10000;
    if (::write(commands_.get(), &command, 1) != 1) return false;
    pollfd p{answers_.get(), POLLIN, 0};
    return ::poll(&p, 1, kPatience) == 1 &&
           ::read(answers_.get(), timing, sizeof(*timing)) == sizeof(*timing);
  }

 private:
  Fd commands_;
  Fd answers_;
  Peer process_;
};

struct CallSamples {
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> inside;
  std::vector<double> inside_without;

  bool take(Timer& plain, Timer& preloaded, char command) {
    Timing a;
    Timing b;
    const bool plain_first = with.size() % 2 == 0;
    const bool ok = plain_first ? plain.ask(command, &a) && preloaded.ask(command, &b)
                                : preloaded.ask(command, &b) && plain.ask(command, &a);
    if (!ok) return false;
    without.push_back(a.program);
    with.push_back(b.program);
    if (a.libc == 0 || b.libc == 0) return true;
    inside.push_back(b.program - b.libc);
    inside_without.push_back(a.program - a.libc);
    return true;
  }

  CallCost cost() const {
    return {.without = summarize(without),
            .with = summarize(with),
            .difference = summarize(paired_differences(with, without)),
            .inside = summarize(inside),
            .inside_without = summarize(inside_without)};
  }
};

}  // namespace

int time_calls(absl::string_view read, absl::string_view write) {
  const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (zero < 0 || null < 0) return report(system_failure("cannot open /dev/zero", errno));
  const auto libc_read = at_place<Read>(read);
  const auto libc_write = at_place<Write>(write);
  char byte = 0;
  for (char command; ::read(STDIN_FILENO, &command, 1) == 1;) {
    const Timing timing = command == 'r' ? time_call<Read>(::read, libc_read, zero, &byte)
                                         : time_call<Write>(::write, libc_write, null, &byte);
    if (::write(STDOUT_FILENO, &timing, sizeof(timing)) != sizeof(timing)) break;
  }
  return 0;
}

absl::StatusOr<PassThrough> measure_pass_through(const std::string& library, double seconds) {
  // Where a process happens to lie in memory matters at this scale: several of each.
  constexpr int kProcesses = 6;
  signal(SIGPIPE, SIG_IGN);
  CallSamples reads;
  CallSamples writes;
  for (int i = 0; i < kProcesses; ++i) {
    Timer plain("");
    Timer preloaded(library);
    const double end = now() + seconds / kProcesses;
    do {
      if (!reads.take(plain, preloaded, 'r') || !writes.take(plain, preloaded, 'w')) {
        return absl::FailedPreconditionError("the process whose calls are timed does not answer");
      }
    } while (now() < end);
  }
  return PassThrough{reads.cost(), writes.cost()};
}

}  // namespace anysplice::tools::bench
