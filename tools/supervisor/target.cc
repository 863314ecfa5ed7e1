#include "tools/supervisor/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/calls/engine.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

// The pidfd of the thread that a thread of ours made its last call for. It goes on naming that one
// until it is gone, which the kernel tells.
struct Last {
  ~Last() { forget(); }
  void forget() {
    if (pidfd >= 0) ::close(std::exchange(pidfd, -1));
  }
  std::optional<ThreadInfo> info(pid_t thread) const {
    const auto info = pidfd >= 0 ? info_of(pidfd) : std::nullopt;
    return info && info->thread == thread ? info : std::nullopt;
  }

  int pidfd = -1;
};
thread_local Last last;

}  // namespace

Target::Target(int listener, const seccomp_notif& call)
    : listener_(listener), id_(call.id), thread_(static_cast<pid_t>(call.pid)) {
  info_ = last.info(thread_);
  if (!info_) {
    last.forget();
    pidfd_ = open_pidfd_of_thread(thread_);
    if (pidfd_ < 0) return;
    info_ = info_of(pidfd_);
    if (!info_) return;
    last.pidfd = pidfd_;
  }
  pidfd_ = last.pidfd;
}

Target::~Target() {
  if (pidfd_ >= 0 && pidfd_ != last.pidfd) ::close(pidfd_);
}

bool Target::is_waiting() const {
  return ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id_) == 0;
}

const std::string& Target::status() {
  if (status_.empty()) status_ = status_of(thread_);
  return status_;
}

Relatives Target::relatives() {
  return info_ ? Relatives{info_->process, info_->parent} : relatives_in(status());
}

// Of the thread, where the system can tell threads apart: they may have descriptors of their own.
int Target::open_process() {
  if (pidfd_ != -EINVAL) return pidfd_;
  const pid_t process = relatives().process;
  const bool own = thread_ != process && syscall(SYS_kcmp, thread_, process, KCMP_FILES, 0, 0) > 0;
  pidfd_ = own ? -EOPNOTSUPP : open_pidfd(process);
  return pidfd_;
}

int Target::take(int fd) {
  const int process = open_process();
  if (process < 0) return process == -EBADF ? -ESRCH : process;
  const long ours = syscall(SYS_pidfd_getfd, process, fd, 0);
  return ours < 0 ? -errno : static_cast<int>(ours);
}

void Target::give_back(int fd) {
  if (fd >= 0) anysplice::close(fd);
}

int Target::add(int ours, bool closed_by_exec) const {
  const seccomp_notif_addfd added{.id = id_,
                                  .flags = 0,
                                  .srcfd = static_cast<__u32>(ours),
                                  .newfd = 0,
                                  .newfd_flags = closed_by_exec ? __u32{O_CLOEXEC} : 0};
  const int theirs = ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &added);
  return theirs < 0 ? -errno : theirs;
}

bool Target::read(uint64_t from, void* to, size_t size) const {
  return read_some(from, to, size) == size;
}

size_t Target::read_some(uint64_t from, void* to, size_t size) const {
  size_t done = 0;
  while (done < size) {
    // A piece that crosses into bad memory is cut at the page.
    const iovec here{static_cast<char*>(to) + done, size - done};
    const iovec there{reinterpret_cast<void*>(from + done), size - done};
    const ssize_t n = process_vm_readv(thread_, &here, 1, &there, 1, 0);
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

bool Target::write(uint64_t to, const void* from, size_t size) const {
  const iovec here{const_cast<void*>(from), size};
  const iovec there{reinterpret_cast<void*>(to), size};
  return process_vm_writev(thread_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

// In the order of addresses; looked at once, as a call may have a thousand pieces.
const std::vector<Target::Mapping>& Target::mappings() {
  if (!mappings_.empty()) return mappings_;
  std::ifstream maps(absl::StrCat("/proc/", thread_, "/maps"));
  for (std::string line; std::getline(maps, line);) {
    unsigned long first = 0, end = 0;
    char rights[5] = "";
    if (sscanf(line.c_str(), "%lx-%lx %4s", &first, &end, rights) != 3) continue;
    mappings_.push_back({first, end, rights[0] == 'r', rights[1] == 'w'});
  }
  return mappings_;
}

size_t Target::writable(uint64_t from, size_t size) {
  uint64_t at = from;
  bool readable = true;
  for (const Mapping& mapping : mappings()) {
    if (at >= from + size) break;
    if (mapping.end <= at) continue;
    if (mapping.first > at || !mapping.writable) break;
    readable &= mapping.readable;
    at = mapping.end;
  }
  const size_t mapped = std::min<uint64_t>(at - from, size);
  return readable ? present(from, mapped) : mapped;
}

// How much of it there is to be read: behind the end of a mapped file there is nothing.
size_t Target::present(uint64_t from, size_t size) const {
  constexpr size_t kAtOnce = 64;
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (uint64_t at = from; at < from + size;) {
    char bytes[kAtOnce];
    iovec there[kAtOnce];
    size_t count = 0;
    for (uint64_t next = at; count < kAtOnce && next < from + size;
         next = (next / page + 1) * page) {
      there[count++] = {reinterpret_cast<void*>(next), 1};
    }
    const iovec here{bytes, count};
    const ssize_t n = process_vm_readv(thread_, &here, 1, there, count, 0);
    const size_t good = n > 0 ? static_cast<size_t>(n) : 0;
    if (good < count) return reinterpret_cast<uint64_t>(there[good].iov_base) - from;
    at = (reinterpret_cast<uint64_t>(there[count - 1].iov_base) / page + 1) * page;
  }
  return size;
}

uint64_t Target::limit(__rlimit_resource which) const {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  return prlimit(thread_, which, nullptr, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void Target::send(int signal) const {
  if (is_waiting()) syscall(SYS_tkill, thread_, signal);
}

}  // namespace anysplice::tools
