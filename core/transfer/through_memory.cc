// From one end to another that are both no pipes.
#include <algorithm>
#include <optional>

#include "core/memory/file_window.h"
#include "core/memory/scratch.h"
#include "core/sys/files.h"
#include "core/sys/posix/poll_one.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// Bytes moved before signals may act.
constexpr size_t kBurst = 1 << 20;

// Of a file that is what follows; of others nothing is known to.
int64_t size_of(int fd) {
  struct stat st;
  return sys->fstat(fd, &st) == 0 ? st.st_size : 0;
}

// What came of a push of bytes that the source had at `before`.
Step after_push(Flow& flow, int64_t before, ssize_t written) {
  flow.in.position = before + std::max<ssize_t>(written, 0);
  if (written == -EAGAIN && !flow.out.nonblocking()) return Step::kWaitOut;
  if (written == -EPIPE && flow.out.kind == Kind::kStream) return flow.no_reader();
  if (written < 0) return flow.fail(static_cast<int>(-written));
  flow.moved += static_cast<size_t>(written);
  // After a part comes the reason: EAGAIN, EFBIG with its signal, ENOSPC.
  return flow.left() > 0 && written > 0 ? Step::kAgain : Step::kDone;
}

// One chunk through the scratch pages: what the sink does not take stays in the source.
Step copy_chunk(Flow& flow, const Scratch& scratch) {
  if (can_linger(flow.in) && poll_one(flow.in.fd, POLLIN, 0) == 0) {
    return flow.in.nonblocking() ? flow.fail(EAGAIN) : Step::kWaitIn;
  }
  const int64_t before = flow.in.position;
  size_t most = scratch.size();
  // The kernel's call hands over whole pages of the file: a message ends where one does.
  if (flow.out.kind == Kind::kMessage) most -= static_cast<size_t>(before) % kPage;
  const size_t want = std::min(flow.left(), most);
  const ssize_t n = pull(flow.in, {scratch.data(), want});
  if (n < 0) return flow.fail(static_cast<int>(-n));
  if (n == 0) return Step::kDone;
  if (!can_be_sink(flow.out)) return flow.fail(EINVAL);
  const iovec data{scratch.data(), static_cast<size_t>(n)};
  const bool more = static_cast<size_t>(n) == want && want < flow.left() &&
                    flow.out.kind != Kind::kFile && before + n < size_of(flow.in.fd);
  return after_push(flow, before, push(flow.out, &data, 1, more));
}

// Much of a file to a stream: one send straight from the file's pages, where they can be mapped.
// What costs is not so much the copy as the receiver, which falls asleep between smaller sends.
// Nothing if a copy has to do it.
std::optional<Step> send_window(Flow& flow) {
  // Less than that is not sent faster than it is copied and sent.
  constexpr size_t kLeast = 128 * 1024;
  if (flow.in.kind != Kind::kFile || flow.out.kind != Kind::kStream || flow.left() < kLeast ||
      can_linger(flow.in)) {
    return std::nullopt;
  }
  const int64_t before = flow.in.position;
  struct stat st;
  if (sys->fstat(flow.in.fd, &st) != 0 || !S_ISREG(st.st_mode) || before >= st.st_size) {
    return std::nullopt;
  }
  const size_t rest = std::min(flow.left(), static_cast<size_t>(st.st_size - before));
  // Whoever watches the file is told of a read, and may refuse it (inotify(7), fanotify(7)).
  char first;
  if (rest < kLeast || !files::mapping_only_reads(flow.in.fd) ||
      sys->pread(flow.in.fd, &first, 1, before) != 1) {
    return std::nullopt;
  }
  const size_t size = std::min(rest, FileWindow::kMost);
  const FileWindow window(flow.in.fd, before, size);
  if (window.data() == nullptr) return std::nullopt;
  const iovec data{window.data(), size};
  const ssize_t written = push(flow.out, &data, 1, size < rest);
  // Cut meanwhile, or not to be read: a read tells.
  if (written == -EFAULT) return std::nullopt;
  return after_push(flow, before, written);
}

}  // namespace

ssize_t move_through_memory(Flow& flow) {
  bool windows = true;  // until one is not to be had
  return run(flow, [&](CriticalSection& section) {
    // What is read of a file at a position is there still if a signal ends the process.
    if (flow.in.kind != Kind::kFile || !flow.in.positioned) section.block_signals();
    const Scratch scratch;
    if (scratch.data() == nullptr) return flow.fail(ENOMEM);
    const size_t burst_end = flow.moved + kBurst;
    Step step;
    do {
      const std::optional<Step> sent = windows ? send_window(flow) : std::nullopt;
      windows = sent.has_value();
      step = sent ? *sent : copy_chunk(flow, scratch);
    } while (step == Step::kAgain && flow.moved < burst_end);
    return step;
  });
}

}  // namespace anysplice
