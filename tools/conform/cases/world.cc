#include "tools/conform/cases/world.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace oracle {
namespace {

constexpr int kNoted[] = {SIGPIPE, SIGXFSZ, SIGALRM, SIGUSR1, SIGIO};
volatile sig_atomic_t caught[64];

void catch_signal(int signal) { caught[signal] = caught[signal] + 1; }

// SIGUSR1 restarts calls, the others interrupt them.
void catch_signals() {
  for (int signal : kNoted) {
    struct sigaction action = {};
    action.sa_handler = catch_signal;
    action.sa_flags = signal == SIGUSR1 ? SA_RESTART : 0;
    sigaction(signal, &action, nullptr);
  }
}

// An offset in memory as the case wants it.
class OffsetArgument {
 public:
  explicit OffsetArgument(Offset offset) : offset_(offset), value_(offset.value) {
    if (offset.kind != Offset::kReadOnlyAddress) return;
    page_ = static_cast<loff_t*>(
        mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    *page_ = offset.value;
    mprotect(page_, kPage, PROT_READ);
  }
  OffsetArgument(const OffsetArgument&) = delete;
  ~OffsetArgument() {
    if (page_ != nullptr) munmap(page_, kPage);
  }
  loff_t* pointer() {
    switch (offset_.kind) {
      case Offset::kNull:
        return nullptr;
      case Offset::kBadAddress:
        return reinterpret_cast<loff_t*>(8);
      case Offset::kReadOnlyAddress:
        return page_;
      default:
        return &value_;
    }
  }
  std::string after(const char* label) const {
    if (offset_.kind != Offset::kValue) return "";
    return std::string(" ") + label + "=" + std::to_string(value_);
  }

 private:
  Offset offset_;
  loff_t value_;
  loff_t* page_ = nullptr;
};

}  // namespace

World::World(const Calls& calls, Log* log, const char* directory)
    : sys(calls), log_(log), directory_(directory) {
  catch_signals();
}

World::~World() {
  if (releaser_.joinable()) releaser_.join();
}

void World::begin() { log_->serial.fetch_add(1); }

long World::end(const char* name, long n, int error, const std::string& more) {
  log_->serial.fetch_add(1);
  if (releaser_.joinable()) releaser_.join();
  log_->scripted = 0;
  std::string line = std::string(name) + " = ";
  const bool part = n > 0 && n < part_of_;
  part_of_ = 0;
  line += n < 0 ? errno_name(error) : part ? "a part" : std::to_string(n);
  if (n >= 0 && error != kErrnoBefore) line += " (errno changed)";
  append(line + more + signals() + "\n");
  return n;
}

std::string World::signals() {
  std::string text;
  for (int signal : kNoted) {
    const int now = caught[signal];
    if (now == signals_seen_[signal]) continue;
    text += " " + signal_name(signal);
    if (now - signals_seen_[signal] > 1) text += "*" + std::to_string(now - signals_seen_[signal]);
    signals_seen_[signal] = now;
  }
  return text;
}

long World::family(anysplice::Call call, Move move, const std::function<ssize_t()>& make,
                   const char* name, const std::function<std::string()>& more) {
  log_->used.fetch_or(1u << static_cast<unsigned>(call));
  // A thread that releases the call moves bytes as well.
  const Balance balance(sys, releaser_.joinable() ? Move{} : move);
  begin();
  errno = kErrnoBefore;
  const ssize_t n = make();
  const int error = errno;
  return end(name, n, error, more() + balance.after(n));
}

ssize_t World::splice(int in, Offset off_in, int out, Offset off_out, size_t len, unsigned flags) {
  OffsetArgument a(off_in), b(off_out);
  return family(
      anysplice::Call::kSplice, {.from = in, .to = out},
      [&] { return sys.splice(in, a.pointer(), out, b.pointer(), len, flags); }, "splice",
      [&] { return a.after("off_in") + b.after("off_out"); });
}

ssize_t World::tee(int in, int out, size_t len, unsigned flags) {
  return family(
      anysplice::Call::kTee, {.from = in, .to = out, .keeps = true},
      [&] { return sys.tee(in, out, len, flags); }, "tee", [] { return ""; });
}

ssize_t World::vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  const bool reads = (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
  return family(
      anysplice::Call::kVmsplice, reads ? Move{.from = fd} : Move{.to = fd},
      [&] { return sys.vmsplice(fd, iov, count, flags); }, "vmsplice", [] { return ""; });
}

// The memory stays as it is until the end of the case: the kernel's pipe may refer to it.
ssize_t World::vmsplice(int fd, std::string_view data, unsigned flags) {
  const size_t size = std::max<size_t>(data.size(), 1);
  void* copy = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(copy, data.data(), data.size());
  sys.mapped(copy, size);
  const iovec iov = {copy, data.size()};
  return vmsplice(fd, &iov, 1, flags);
}

ssize_t World::sendfile(int out, int in, Offset offset, size_t count) {
  OffsetArgument a(offset);
  return family(
      anysplice::Call::kSendfile, {.from = in, .to = out},
      [&] { return sys.sendfile(out, in, a.pointer(), count); }, "sendfile",
      [&] { return a.after("offset"); });
}

ssize_t World::read(int fd, size_t count) {
  std::string data(count, '\0');
  begin();
  errno = kErrnoBefore;
  const ssize_t n = sys.read(fd, data.data(), count);
  const int error = errno;
  if (n > 0) data.resize(n);
  return end("read", n, error, n > 0 ? ": " + describe(data) : "");
}

ssize_t World::write(int fd, std::string_view data) {
  return call("write", [&] { return sys.write(fd, data.data(), data.size()); });
}

void World::poll(int fd, short events, int timeout_ms) {
  pollfd p = {fd, events, 0};
  begin();
  errno = kErrnoBefore;
  const int n = sys.poll(&p, 1, timeout_ms);
  const int error = errno;
  char more[32];
  snprintf(more, sizeof more, " revents=%#x", static_cast<unsigned>(p.revents));
  end("poll", n, error, more);
}

void World::select(int fd) {
  fd_set r, w;
  FD_ZERO(&r);
  FD_ZERO(&w);
  FD_SET(fd, &r);
  FD_SET(fd, &w);
  timeval now = {};
  begin();
  errno = kErrnoBefore;
  const int n = sys.select(fd + 1, &r, &w, nullptr, &now);
  const int error = errno;
  const std::string more =
      std::string(FD_ISSET(fd, &r) ? " r" : "") + (FD_ISSET(fd, &w) ? " w" : "");
  end("select", n, error, more);
}

void World::readable(int fd) {
  int n = -1;
  begin();
  errno = kErrnoBefore;
  const int result = sys.ioctl(fd, FIONREAD, &n);
  const int error = errno;
  end("FIONREAD", result, error, " n=" + std::to_string(n));
}

void World::set_size(int fd, int size) {
  call("F_SETPIPE_SZ", [&] { return sys.fcntl(fd, F_SETPIPE_SZ, size); });
  call("F_GETPIPE_SZ", [&] { return sys.fcntl(fd, F_GETPIPE_SZ, 0); });
}

void World::close(int fd) {
  forget(fd);
  call("close", [&] { return sys.close(fd); });
}

void World::when_blocked(std::function<void()> action) {
  log_->scripted = 1;
  const int pid = getpid(), tid = gettid();
  const uint32_t before = log_->serial;
  releaser_ = std::thread([=, this, action = std::move(action)] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    // The call has to sleep for ten looks in a row; two seconds are the bound on a busy machine.
    int asleep = 0;
    for (int looks = 0; asleep < 10 && looks < 200; ++looks) {
      usleep(10'000);
      const uint32_t now = log_->serial;
      if (now >= before + 2) {
        append("did not block\n");
        return;
      }
      asleep = now == before + 1 && state_of(pid, tid) == 'S' ? asleep + 1 : 0;
    }
    append(asleep == 10 ? "blocked (S)\n" : "did not sleep\n");
    action();
    log_->scripted = 0;
  });
}

void World::interrupt(int signal) { syscall(SYS_tgkill, getpid(), getpid(), signal); }

void World::in_child(const std::function<void()>& body) {
  const pid_t pid = sys.fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  if (status != 0) note("child ended with status %#x", static_cast<unsigned>(status));
}

void World::skip(const char* why) {
  log_->skipped = 1;
  note("skipped: %s", why);
  _exit(0);
}

}  // namespace oracle
