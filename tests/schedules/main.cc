// Runs every schedule with one seed after another, and prints TAP.
//
//   schedules [ROUNDS [SEED [SCHEDULE]]]
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "core/base/sync_point.h"
#include "schedule.h"
#include "tests/lack_nowait.h"

namespace schedules {
namespace {

constexpr int kSeconds = 60;

uint32_t seed;
std::atomic<uint32_t> threads;
std::atomic<uint32_t> points_to_live;
std::atomic<void (*)()> done_at_points;
thread_local uint64_t state;

uint32_t next() {
  if (state == 0) state = (uint64_t{seed} << 32 | ++threads) * 0x9e3779b97f4a7c15u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return static_cast<uint32_t>(state >> 32);
}

std::string make_stream() {
  std::string bytes(1 << 20, '\0');
  uint64_t word = 88172645463325252u;
  for (char& byte : bytes) {
    word ^= word << 13;
    word ^= word >> 7;
    word ^= word << 17;
    byte = static_cast<char>(word >> 32);
  }
  return bytes;
}

const std::string bytes_of_all = make_stream();

// How the engine is set up.
struct Setup {
  const char* name;
  bool rings;
  bool nowait;
};
constexpr Setup kSetups[] = {
    {"rings on", true, true}, {"rings off", false, true}, {"no RWF_NOWAIT", false, false}};

// Whether a schedule ended well with that seed; says so if not.
bool good(const Schedule& schedule, const Setup& setup) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    anysplice::set_mode(anysplice::Mode::kEmulate, 0);
    anysplice::allow_rings(setup.rings);
    if (!setup.nowait) lack_nowait();
    schedule.run();
    _exit(0);
  }
  pollfd over{static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  const bool stuck = poll(&over, 1, kSeconds * 1000) == 0;
  ::close(over.fd);
  if (stuck) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (stuck || status != 0) {
    printf("# %s, seed %u: %s\n", setup.name, seed,
           stuck                 ? "stuck"
           : WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
                                 : "wrong");
  }
  return !stuck && status == 0;
}

}  // namespace

std::vector<Schedule>& all() {
  static std::vector<Schedule> listed;
  return listed;
}

void wrong(const std::string& what) {
  const std::string line = "# " + what + "\n";
  if (::write(1, line.data(), line.size()) < 0) abort();
  _exit(1);
}

void die_after(uint32_t points) { points_to_live = points; }

void at_each_point(void (*what)()) { done_at_points = what; }

uint32_t below(uint32_t limit) { return next() % limit; }

void together(const std::vector<std::function<void()>>& bodies) {
  std::vector<std::thread> running;
  uint32_t number = threads + 1;
  for (const auto& body : bodies) {
    running.emplace_back([&body, number] {
      state = (uint64_t{seed} << 32 | number) * 0xc2b2ae3d27d4eb4fu;
      body();
    });
    ++number;
  }
  threads = number;
  for (std::thread& thread : running) thread.join();
}

void close(const Pipe& pipe) {
  anysplice::close(pipe.r);
  anysplice::close(pipe.w);
}

std::string_view stream() { return bytes_of_all; }

size_t place_of(std::string_view bytes) { return stream().find(bytes.substr(0, 16)); }

std::string drain(int fd) {
  std::string got;
  char buffer[65536];
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    if (anysplice::poll(&p, 1, 0) != 1 || (p.revents & POLLIN) == 0) return got;
    const ssize_t n = anysplice::read(fd, buffer, sizeof(buffer));
    if (n <= 0) return got;
    got.append(buffer, static_cast<size_t>(n));
  }
}

void same(const char* what, std::string_view got, std::string_view want) {
  if (got == want) return;
  const size_t at = static_cast<size_t>(
      std::mismatch(want.begin(), want.end(), got.begin(), got.end()).first - want.begin());
  std::string how = "lost";
  if (at < got.size()) {
    const size_t there = place_of(got.substr(at));
    const size_t due = at < want.size() ? place_of(want.substr(at)) : stream().size();
    how = there == std::string_view::npos ? "wrong" : there > due ? "lost or overtaken" : "doubled";
  }
  wrong(std::string(what) + ": bytes " + how + " at byte " + std::to_string(at) + "; " +
        std::to_string(got.size()) + " there, not " + std::to_string(want.size()));
}

}  // namespace schedules

namespace anysplice {

void sync_point() {
  if (schedules::points_to_live > 0 && --schedules::points_to_live == 0) raise(SIGKILL);
  if (void (*const what)() = schedules::done_at_points; what != nullptr) what();
  const uint32_t chance = schedules::next() % 256;
  if (chance == 0) usleep(schedules::next() % 300);
  if (chance > 0 && chance < 6) usleep(1);
  if (chance >= 6 && chance < 30) sched_yield();
}

}  // namespace anysplice

int main(int argc, char** argv) {
  using namespace schedules;
  const uint32_t rounds = argc > 1 ? static_cast<uint32_t>(atoi(argv[1])) : 6;
  const uint32_t first = argc > 2 ? static_cast<uint32_t>(atoi(argv[2])) : 1;
  bool well = true;
  int number = 0;
  for (const Schedule& schedule : all()) {
    if (argc > 3 && strcmp(argv[3], schedule.name) != 0) continue;
    bool ok = true;
    for (seed = first; seed < first + rounds && ok; ++seed) {
      for (const Setup& setup : kSetups) ok = ok && good(schedule, setup);
    }
    std::string name = schedule.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name.c_str());
    well = well && ok;
  }
  printf("1..%d\n", number);
  return well ? 0 : 1;
}
