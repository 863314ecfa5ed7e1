#include "tools/supervisor/agreement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "core/sys/say.h"
#include "tools/fallback.h"
#include "tools/in_child.h"
#include "tools/launch.h"
#include "tools/status.h"
#include "tools/supervisor/engine.h"
#include "tools/supervisor/filter.h"
#include "tools/supervisor/inherited.h"
#include "tools/supervisor/trace.h"

namespace anysplice::tools {
namespace {

constexpr long kServed = 0x5eed;
const int kToBeRead = 0;  // in memory that parent and child have at the same address

void tell(int socket, int number) { ::send(socket, &number, sizeof(number), MSG_NOSIGNAL); }

// What the other side told; false if it is gone.
bool hear(int socket, int* number) {
  ssize_t n;
  do {
    n = recv(socket, number, sizeof(*number), 0);
  } while (n < 0 && errno == EINTR);
  return n == sizeof(*number);
}

// The child's descriptor as ours, or -errno.
int take(pid_t child, int fd) {
  const long pidfd = syscall(SYS_pidfd_open, child, 0);
  if (pidfd < 0) return -errno;
  const long taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  const int error = errno;
  close(static_cast<int>(pidfd));
  return taken < 0 ? -error : static_cast<int>(taken);
}

// 0, or the errno with which the system refuses what a supervisor needs.
int test_access(pid_t child, int fd) {
  const int taken = take(child, fd);
  if (taken < 0) return -taken;
  close(taken);
  int copy = 0;
  const iovec here{&copy, sizeof(copy)};
  const iovec there{const_cast<int*>(&kToBeRead), sizeof(kToBeRead)};
  return process_vm_readv(child, &here, 1, &there, 1, 0) == sizeof(copy) ? 0 : errno;
}

long number_of(Call call) {
  switch (call) {
    case Call::kSplice:
      return SYS_splice;
    case Call::kTee:
      return SYS_tee;
    case Call::kVmsplice:
      return SYS_vmsplice;
    case Call::kSendfile:
#ifdef SYS_sendfile64
      return SYS_sendfile64;
#else
      return SYS_sendfile;
#endif
    case Call::kCopyFileRange:
      return SYS_copy_file_range;
  }
  return -1;
}

}  // namespace

absl::StatusOr<Agreement> Agreement::prepare() {
  Agreement agreement;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, agreement.sockets_) != 0) {
    return system_failure("cannot make a socket", errno);
  }
  void* const shared =
      mmap(nullptr, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return system_failure("cannot share memory", errno);
  agreement.unseen_ = static_cast<bool*>(shared);
  if (getrandom(&agreement.probe_, sizeof(agreement.probe_), 0) < 0) agreement.probe_ = kServed;
  agreement.probe_ |= 1;
  return agreement;
}

// Calls that do not come to the supervisor: a filter from outside answers them with an error.
CallSet Agreement::unanswered(CallSet calls) const {
  CallSet without;
  for (size_t i = 0; i < kCalls; ++i) {
    if (!calls.test(i)) continue;
    const long answer =
        syscall(number_of(static_cast<Call>(i)), -1L, 0L, -1L, static_cast<long>(probe_), 0L, 0L);
    if (answer != kServed) without.set(i);
  }
  return without;
}

int Agreement::without(const RunOptions& options, const std::string& program,
                       const std::string& why) {
  RunOptions rest = options;
  absl::StrAppend(
      &rest.falls_back_because,
      options.preload ? ": they cannot be supervised (" : ", and cannot be supervised (", why, ")");
  if (options.preload) return become(rest, program);
  if (options.cannot_do_without()) {
    return report(absl::UnavailableError(rest.falls_back_because));
  }
  if (options.stats) {
    *unseen_ = true;
    unsetenv("ANYSPLICE_STATS");
    do_without_statistics(&rest);
  }
  if (options.library_instead) {
    rest.preload = true;
    setenv("LD_PRELOAD", options.library_instead->c_str(), 1);
  }
  return become(rest, program);
}

int Agreement::become_supervised(const RunOptions& options, const std::string& program) {
  close(sockets_[1]);
  const int parent = sockets_[0];
  int error = EPIPE;
  tell(parent, parent);
  if (!hear(parent, &error) || error != 0) return without(options, program, strerror(error));
  // There may be a filter that ends whoever asks for a further one.
  const auto install = [&options] { return install_listener(options.supervised); };
  if (in_child([&] { return install().ok() ? 0 : 1; }) == -1) {
    return without(options, program, "a filter here allows no other");
  }
  const absl::StatusOr<int> listener = install();
  tell(parent, listener.value_or(-1));
  if (!listener.ok()) {
    return without(options, program, std::string(listener.status().message()));
  }
  if (!hear(parent, &error) || error != 0) {
    return report(system_failure("cannot supervise the program", error));
  }
  close(*listener);

  const CallSet lost = unanswered(options.supervised);
  // copy_file_range alone is of no use to whom the others were to be answered.
  const CallSet ours = options.supervised & block_by_default();
  if (lost == options.supervised || (ours.any() && (lost & ours) == ours))
    return without(options, program, "a filter answers first");
  if (options.block.any()) {
    const absl::Status status = block_other_abis(options.block, EINVAL);
    if (!status.ok()) return report(status);
  }
  const CallSet refused = options.preload ? options.block | options.refused : options.supervised;
  setenv("ANYSPLICE_REFUSED", names_of(refused).c_str(), 1);
  const CallSet served = options.supervised & ~lost;
  introduce_library_by(served);
  if (!options.quiet) {
    const std::string calls = absl::StrCat("calls of ", names_of(served, ", "));
    const bool asked = options.supervise && options.preload;  // the library answers all others
    say(asked ? absl::StrCat(calls, " that '", program, "' makes past the C library").c_str()
              : absl::StrCat(options.falls_back_because, ": ", calls).c_str(),
        " are carried out by this command");
  }
  if (lost.any()) {
    const absl::Status status = fall_back("what a filter answers before it can be supervised",
                                          names_of(lost), options.quiet);
    if (!status.ok()) return report(status);
  }
  close(parent);
  return execute(options, program);
}

// By one of these calls a library tells the supervisor that it is there (core/sys/supervisor.h).
void Agreement::introduce_library_by(CallSet served) const {
  for (size_t i = 0; i < kCalls; ++i) {
    if (!served.test(i)) continue;
    const std::string sign = absl::StrCat(number_of(static_cast<Call>(i)), ":", probe_);
    setenv("ANYSPLICE_SUPERVISOR", sign.c_str(), 1);
    return;
  }
}

bool Agreement::end() {
  if (service_ != nullptr) service_->leave_to_child();
  return !*unseen_;
}

void Agreement::supervise(const RunOptions& options, const std::string& program, pid_t child) {
  close(sockets_[0]);
  release_inherited();
  const int socket = sockets_[1];
  int number;
  if (hear(socket, &number)) {
    const int error = test_access(child, number);
    tell(socket, error);
    if (error == 0 && hear(socket, &number) && number >= 0) {
      const int listener = take(child, number);
      int failure = listener < 0 ? -listener : 0;
      if (failure == 0) {
        prepare_engine(options, program);
        const bool traced = !options.preload && start_trace(child);  // else by the library
        service_ = new Service({.listener = listener,
                                .child = child,
                                .program = program,
                                .kernels = ~(options.block | options.refused),
                                .probe = probe_,
                                .probe_answer = kServed,
                                .identify = options.needs_library() || traced,
                                .quiet = options.quiet});
        if (!service_->start()) failure = errno;
      }
      tell(socket, failure);
    }
  }
  close(socket);
}

}  // namespace anysplice::tools
