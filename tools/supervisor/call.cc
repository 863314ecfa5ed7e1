#include "tools/supervisor/call.h"

#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

#include "core/api/for_others.h"
#include "core/calls/engine.h"
#include "tools/block.h"
#include "tools/supervisor/borrowed.h"
#include "tools/supervisor/rights.h"
#include "tools/supervisor/vmsplice.h"

namespace anysplice::tools {
namespace {

constexpr Answer kGone{.result = -EINTR};  // to nobody

Borrowed borrowed(__u64 argument, const Descriptor& descriptor) {
  return {.number = static_cast<int>(argument), .ours = descriptor.fd()};
}

long answer_of(ssize_t n) { return n < 0 ? -errno : n; }

Answer moved(long n, const Descriptor& in, const Descriptor& out) {
  return {.result = n,
          .ends_with_time = n == -EINTR && (waits_with_timeout(in.fd(), Role::kSource) ||
                                            waits_with_timeout(out.fd(), Role::kSink))};
}

// Those that take two descriptors with their offsets, a length and flags.
Answer ranges(Target& target, decltype(&anysplice::splice) call, const __u64* args) {
  const Descriptor in(target, args[0], Role::kSource);
  const Descriptor out(target, args[2], Role::kSink);
  Offset in_at(target, args[1]);
  Offset out_at(target, args[3]);
  const size_t asked = args[4];
  if (in.refused() != 0 || out.refused() != 0) {
    return {.result = 0, .refused = std::max(in.refused(), out.refused())};
  }
  if (!target.is_waiting()) return kGone;
  lend(borrowed(args[0], in), borrowed(args[2], out));
  const long n = answer_of(
      call(in.fd(), in_at.get(), out.fd(), out_at.get(), asked, static_cast<unsigned>(args[5])));
  // Of nothing that was copied copy_file_range stores no offsets; splice does.
  const bool stores = n > 0 || (n == 0 && asked > 0 && call == anysplice::splice);
  if (stores && (in_at.given() || out_at.given()) && target.is_waiting()) {
    // Each, whatever became of the other.
    const bool in_stored = in_at.store();
    const bool out_stored = out_at.store();
    if (!in_stored || !out_stored) return {.result = -EFAULT};
  }
  return moved(n, in, out);
}

Answer tee(Target& target, const __u64* args) {
  const Descriptor in(target, args[0], Role::kSource);
  const Descriptor out(target, args[1], Role::kSink);
  if (in.refused() != 0 || out.refused() != 0) {
    return {.result = 0, .refused = std::max(in.refused(), out.refused())};
  }
  if (!target.is_waiting()) return kGone;
  lend(borrowed(args[0], in), borrowed(args[1], out));
  return {.result =
              answer_of(anysplice::tee(in.fd(), out.fd(), args[2], static_cast<unsigned>(args[3]))),
          .refused = 0};
}

Answer vmsplice(Target& target, const __u64* args) {
  const Descriptor pipe(target, args[0], Role::kSource);
  if (pipe.refused() != 0) return {.result = 0, .refused = pipe.refused()};
  lend(borrowed(args[0], pipe), {});
  return {
      .result = vmsplice_for(target, pipe.fd(), args[1], args[2], static_cast<unsigned>(args[3])),
      .refused = 0};
}

Answer sendfile(Target& target, const __u64* args) {
  const Descriptor out(target, args[0], Role::kSink);
  const Descriptor in(target, args[1], Role::kSource);
  Offset at(target, args[2]);
  const size_t asked = args[3];
  if (in.refused() != 0 || out.refused() != 0) {
    return {.result = 0, .refused = std::max(in.refused(), out.refused())};
  }
  if (!target.is_waiting()) return kGone;
  lend(borrowed(args[1], in), borrowed(args[0], out));
  const long n = answer_of(anysplice::sendfile(out.fd(), in.fd(), at.get(), asked));
  // Whatever came of it.
  if (at.given() && target.is_waiting() && !at.store()) return {.result = -EFAULT};
  return moved(n, in, out);
}

}  // namespace

bool waits_with_timeout(int fd, Role role) {
  timeval limit{};
  socklen_t size = sizeof(limit);
  const int which = role == Role::kSource ? SO_RCVTIMEO : SO_SNDTIMEO;
  if (getsockopt(fd, SOL_SOCKET, which, &limit, &size) != 0) return false;
  pollfd waits{fd, static_cast<short>(role == Role::kSource ? POLLIN : POLLOUT), 0};
  return (limit.tv_sec != 0 || limit.tv_usec != 0) && ::poll(&waits, 1, 0) == 0;
}

void* bad_address() {
  static void* const page = mmap(nullptr, static_cast<size_t>(sysconf(_SC_PAGESIZE)), PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page;
}

std::optional<Call> call_of(const seccomp_data& data) {
  if (data.arch != seccomp_arch_native()) return std::nullopt;
  for (size_t i = 0; i < kCalls; ++i) {
    const auto call = static_cast<Call>(i);
    for (const int number : call_numbers(call)) {
      if (number == data.nr) return call;
    }
  }
  return std::nullopt;
}

Answer carry_out(Target& target, Call call, const seccomp_data& data) {
  // The kernel would ask for ours.
  if (!has_our_rights(target)) return {.result = 0, .refused = EPERM};
  switch (call) {
    case Call::kSplice:
      return ranges(target, anysplice::splice, data.args);
    case Call::kTee:
      return tee(target, data.args);
    case Call::kVmsplice:
      return vmsplice(target, data.args);
    case Call::kSendfile:
      return sendfile(target, data.args);
    case Call::kCopyFileRange:
      return ranges(target, anysplice::copy_file_range, data.args);
  }
  return {.result = -ENOSYS};
}

}  // namespace anysplice::tools
