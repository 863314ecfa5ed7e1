#include "hazard.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <map>

namespace hazard {
namespace {

constexpr int kSeconds = 10;  // for any one case

std::map<std::string, void (*)()>& cases() {
  static std::map<std::string, void (*)()> all;
  return all;
}

std::string the_argument;

// Ends a process that hangs. No signal that a case may use or block, and not inherited by children,
// which end with us.
void watch() {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer;
  const itimerspec when{{0, 0}, {kSeconds * times(), 0}};
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &when, nullptr) != 0) {
    fail(__FILE__, __LINE__, "no watchdog");
  }
}

}  // namespace

Listed::Listed(const char* name, void (*run)()) { cases()[name] = run; }

void fail(const char* file, int line, const std::string& what) {
  const std::string text = std::string(file) + ":" + std::to_string(line) + ": " + what +
                           " (errno: " + strerror(errno) + ")\n";
  if (write(2, text.data(), text.size()) < 0) _exit(2);
  _exit(1);
}

void skip(const std::string& reason) {
  const std::string text = reason + "\n";
  if (write(2, text.data(), text.size()) < 0) _exit(2);
  _exit(77);
}

Pipe::Pipe(int flags) {
  int fds[2];
  CHECK_EQ(pipe2(fds, flags), 0);
  r = fds[0];
  w = fds[1];
}

Teed::Teed(std::string_view bytes) {
  put(pipe.w, bytes);
  CHECK_EQ(tee(pipe.r, copy.w, bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
}

void put(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    CHECK(n > 0);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string take(int fd, size_t length) {
  std::string bytes(length, '\0');
  size_t done = 0;
  while (done < length) {
    const ssize_t n = read(fd, bytes.data() + done, length - done);
    CHECK(n >= 0);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

std::string pattern(size_t length, unsigned seed) {
  std::string bytes(length, '\0');
  uint64_t state = seed * 0x9e3779b97f4a7c15u;
  for (char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

int file_of(std::string_view bytes, int flags) {
  char name[] = "hazard.XXXXXX";
  const int fresh = mkstemp(name);
  CHECK(fresh >= 0);
  put(fresh, bytes);
  const int fd = open(name, flags);
  const int error = errno;
  unlink(name);
  close(fresh);
  errno = error;
  return fd;
}

short ready(int fd, short events, int timeout_ms) {
  pollfd p{fd, events, 0};
  CHECK(poll(&p, 1, timeout_ms) >= 0);
  return p.revents;
}

pid_t start(const std::function<void()>& what) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  what();
  _exit(0);
}

void finish(pid_t child) {
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

pid_t rerun(const char* role, const std::string& argument, int input) {
  return start([&] {
    CHECK(dup2(input, 0) == 0);
    const std::string name = std::string("@") + role;
    execl("/proc/self/exe", "hazard", name.c_str(), argument.c_str(), nullptr);
    fail(__FILE__, __LINE__, "exec");
  });
}

const std::string& argument() { return the_argument; }

std::string neighbour(const char* name) {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof(path));
  CHECK(n > 0);
  const std::string self(path, static_cast<size_t>(n));
  return self.substr(0, self.rfind('/') + 1) + name;
}

int times() {
  const char* asked = getenv("HAZARD_TIMES");
  const int many = asked != nullptr ? atoi(asked) : 1;
  return many > 0 ? many : 1;
}

void sleep_ms(int ms) {
  timespec left{ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

double seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

long raw_syscall([[maybe_unused]] long number, [[maybe_unused]] long a, [[maybe_unused]] long b,
                 [[maybe_unused]] long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__i386__)
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#else
  skip("no inline system call for this machine");
#endif
}

}  // namespace hazard

// Without arguments lists the cases; else runs the one named.
int main(int argc, char** argv) {
  if (argc < 2) {
    for (const auto& [name, run] : hazard::cases()) {
      if (name[0] != '@') hazard::put(1, name + "\n");
    }
    return 0;
  }
  const auto found = hazard::cases().find(argv[1]);
  if (found == hazard::cases().end()) return 2;
  if (argc > 2) hazard::the_argument = argv[2];
  hazard::watch();
  found->second();
  return 0;
}
