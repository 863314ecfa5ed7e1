// poll, select and epoll on pipes that the engine has bytes of.
#include <fcntl.h>

#include <algorithm>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/calls/engine.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/route.h"
#include "core/pipe/sleepers.h"
#include "core/pipe/turns.h"
#include "core/policy/mode.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/select_set.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

// Whether any descriptor can be of interest at all.
bool nothing_to_watch() { return pipe_high() == 0 && !held_bytes::any(); }

// Whether nothing was answered yet: then there is nothing to tell of, and descriptors need not be
// looked at, which costs system calls (a guard, a second poll before a wait). To be asked again
// while a Sleeper of kUnlooked is there: pipes get no ring meanwhile.
bool nothing_answered() {
  return !engine_may_answer() && !held_bytes::any() && !turns::any_begun();
}

// The answer where nothing was answered yet, if that is so.
template <typename Wait>
std::optional<int> unlooked(Wait wait) {
  if (!nothing_answered()) return std::nullopt;
  const Sleeper sleeper(kUnlooked);
  if (!nothing_answered()) return std::nullopt;
  return wait();
}

// Whether bytes that a related process has taken out for the time of its call are there afterwards.
bool readable_in_turn(int fd) {
  if (!turns::begun(pipe_key_of(fd))) return false;
  CriticalSection section;
  PipeLock pipe(section, fd);
  return pipe.lock() == 0 && !pipe.is_ring() && kernel_pipe::bytes(fd) > 0;
}

bool has_held(int fd) {
  if (!holds_bytes(fd) && !(turns::in_use() && readable_in_turn(fd))) return false;
  const int flags = sys->fcntl(fd, F_GETFL, 0);
  return flags >= 0 && (flags & O_ACCMODE) != O_WRONLY;
}

// What a ring answers to poll.
short ring_events(int fd) {
  CriticalSection section;
  PipeLock pipe(section, fd);
  if (pipe.lock() != 0 || !pipe.is_ring()) return 0;
  const Pipe& p = *pipe.pipe();
  short events = 0;
  if (fd_entry(fd).kind() == FdKind::kReadEnd) {
    if (!pipe.bytes().empty()) events |= POLLIN | POLLRDNORM;
    if (p.descriptors[kWrite] == 0) events |= POLLHUP;
  } else {
    if (pipe.bytes().free() > 0) events |= POLLOUT | POLLWRNORM;
    if (p.descriptors[kRead] == 0) events |= POLLERR;
  }
  return events;
}

// What the engine knows of a descriptor and the kernel does not.
short engine_events(int fd) {
  switch (route(fd_entry(fd))) {
    case Route::kRing:
      return ring_events(fd);
    case Route::kHeld:
      return has_held(fd) ? POLLIN | POLLRDNORM : 0;
    default:
      return 0;
  }
}

// Before anybody is asked whether there is room: held bytes take some. Between the asking of the
// kernel and that of the engine it would be too late, for other descriptors of the pipe.
void give_room_back(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (route(entry) != Route::kHeld || entry.kind() == FdKind::kReadEnd || !holds_bytes(fd)) return;
  const int flags = sys->fcntl(fd, F_GETFL, 0);
  if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY)
    settle_held_of(fd, SettleReason::kPoll, Grow::kNo);
}

// Whether a pipe may become ready through us, where a wait in the kernel would not see it.
bool must_not_sleep_on(int fd) {
  const Route where = route(fd_entry(fd));
  return where == Route::kRing || where == Route::kCandidate;
}

// Before a wait in the kernel.
void leave_to_kernel(int fd) {
  if (!must_not_sleep_on(fd)) return;
  CriticalSection section;
  keep_in_kernel(fd, fd_entry(fd), SettleReason::kPoll);
}

short wanted(const pollfd& p, short events) {
  return static_cast<short>(events & (p.events | POLLHUP | POLLERR));
}

enum class Ready {
  kYes,   // the engine knows of something: ask the kernel of the rest without waiting
  kNo,    // nothing, and a wait in the kernel will do
  kLook,  // nothing, but before a wait pipes must be left to the kernel: look first
};

Ready readiness(const pollfd* fds, nfds_t count) {
  const KeepErrno keep;
  if (check_readable(fds, count * sizeof(*fds)) != 0) return Ready::kNo;
  for (nfds_t i = 0; i < count; ++i) {
    if (fds[i].fd >= 0) give_room_back(fds[i].fd);
  }
  bool ours = false;
  for (nfds_t i = 0; i < count; ++i) {
    if (fds[i].fd < 0) continue;
    if (wanted(fds[i], engine_events(fds[i].fd)) != 0) return Ready::kYes;
    ours = ours || must_not_sleep_on(fds[i].fd);
  }
  return ours ? Ready::kLook : Ready::kNo;
}

// Corrects what the kernel said of pipes whose bytes it does not have. Returns poll's count.
int merge(pollfd* fds, nfds_t count) {
  const KeepErrno keep;
  int ready = 0;
  for (nfds_t i = 0; i < count; ++i) {
    if (fds[i].fd >= 0) {
      const short events = wanted(fds[i], engine_events(fds[i].fd));
      const bool ring = route(fd_entry(fds[i].fd)) == Route::kRing;
      fds[i].revents = static_cast<short>(ring ? events : fds[i].revents | events);
    }
    if (fds[i].revents != 0) ++ready;
  }
  return ready;
}

bool is_zero(const timespec* t) {
  return t != nullptr && check_readable(t, sizeof(*t)) == 0 && t->tv_sec == 0 && t->tv_nsec == 0;
}

// poll and ppoll: `wait` is the call as it was made, `look` the same without waiting; with its mask
// only if nothing is known to be ready, as else no signal is let in. (Only 32 bits of count count.)
template <typename Wait, typename Look>
int poll_by(pollfd* fds, unsigned count, bool may_wait, Wait wait, Look look) {
  // First counted, then looked: bytes that get held in between are not missed.
  const Sleeper sleeper;
  for (;;) {
    const Ready ready = readiness(fds, count);
    if (ready == Ready::kNo && may_wait) break;
    int n = look(ready != Ready::kYes);
    if (n >= 0) n = merge(fds, count);
    if (n != 0 || !may_wait) return n;
    // Ready a moment ago, and another thread was faster: once more.
    if (ready == Ready::kYes) continue;
    const KeepErrno keep;
    for (nfds_t i = 0; i < count; ++i) leave_to_kernel(fds[i].fd);
    break;
  }
  const int n = wait();
  return n < 0 ? n : merge(fds, count);
}

// One of select's sets: what was asked, and what of it makes a descriptor ready (select(2)).
struct Asked {
  fd_set* set;
  short events;
  fd_set before;

  Asked(int nfds, fd_set* given, short which) : set(given), events(which) {
    FD_ZERO(&before);
    for (int fd = 0; set != nullptr && fd < nfds; ++fd) {
      if (FD_ISSET(fd, set)) FD_SET(fd, &before);
    }
  }
  bool has(int fd) const { return FD_ISSET(fd, &before); }
  bool ready(int fd) const { return has(fd) && (engine_events(fd) & events) != 0; }
  // Corrects the kernel's answer; by how much the count changes.
  int merge(int fd) {
    if (!has(fd)) return 0;
    const bool was = FD_ISSET(fd, set);
    const bool ring = route(fd_entry(fd)) == Route::kRing;
    const bool is = ready(fd) || (was && !ring);
    if (is != was) is ? FD_SET(fd, set) : FD_CLR(fd, set);
    return static_cast<int>(is) - static_cast<int>(was);
  }
};

// Sets larger than fd_set, as programs with many descriptors make them: there is no place for a
// copy to compare the kernel's answer with, so the kernel gets to know all. `set` can be read.
void leave_all_to_kernel(int nfds, const fd_set* set) {
  const KeepErrno keep;
  const auto* const words = reinterpret_cast<const SetWord*>(set);
  for (int fd = 0; set != nullptr && fd < nfds; ++fd) {
    const auto word = static_cast<unsigned long>(words[fd / kSetWordBits]);
    if (word == 0) fd |= kSetWordBits - 1;  // on to the next
    if ((word >> fd % kSetWordBits & 1) == 0) continue;
    leave_to_kernel(fd);
    if (route(fd_entry(fd)) == Route::kHeld) settle_held_of(fd, SettleReason::kPoll);
  }
}

// select and pselect: the kernel is asked without waiting if the engine knows of something ready.
template <typename Wait, typename Look>
int select_by(int nfds, fd_set* r, fd_set* w, bool may_wait, Wait wait, Look look) {
  if (nfds < 0) return wait();
  const size_t size =
      (static_cast<size_t>(nfds) + kSetWordBits - 1) / kSetWordBits * sizeof(SetWord);
  if ((r != nullptr && check_readable(r, size) != 0) ||
      (w != nullptr && check_readable(w, size) != 0)) {
    return wait();
  }
  if (nfds > FD_SETSIZE) {
    const Sleeper sleeper;
    leave_all_to_kernel(nfds, r);
    leave_all_to_kernel(nfds, w);
    return wait();
  }
  Asked sets[] = {{nfds, r, POLLIN | POLLHUP | POLLERR}, {nfds, w, POLLOUT | POLLERR}};
  // First counted, then looked: bytes that get held in between are not missed.
  const Sleeper sleeper;
  bool ready = false;
  {
    const KeepErrno keep;
    for (int fd = 0; fd < nfds; ++fd) {
      if (sets[0].has(fd) || sets[1].has(fd)) give_room_back(fd);
    }
    for (int fd = 0; fd < nfds && !ready; ++fd) ready = sets[0].ready(fd) || sets[1].ready(fd);
    for (int fd = 0; may_wait && fd < nfds && !ready; ++fd) {
      if (sets[0].has(fd) || sets[1].has(fd)) leave_to_kernel(fd);
    }
  }
  if (!ready && may_wait) return wait();
  int n = look(!ready);
  const KeepErrno keep;
  for (int fd = 0; fd < nfds && n >= 0; ++fd) n += sets[0].merge(fd) + sets[1].merge(fd);
  return n;
}

}  // namespace

int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  const auto wait = [&] { return sys->poll(fds, count, timeout_ms); };
  if (nothing_to_watch()) return wait();
  if (const auto n = unlooked(wait)) return *n;
  const auto look = [&](bool) { return sys->poll(fds, count, 0); };
  return poll_by(fds, static_cast<unsigned>(count), timeout_ms != 0, wait, look);
}

#ifdef ANYSPLICE_HOST_PPOLL
int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  const auto wait = [&] { return sys->ppoll(fds, count, timeout, mask); };
  if (nothing_to_watch()) return wait();
  if (const auto n = unlooked(wait)) return *n;
  const timespec now{0, 0};
  const auto look = [&](bool m) { return sys->ppoll(fds, count, &now, m ? mask : nullptr); };
  return poll_by(fds, static_cast<unsigned>(count), !is_zero(timeout), wait, look);
}
#endif

int select(int nfds, fd_set* r, fd_set* w, fd_set* e, timeval* timeout) {
  const auto wait = [&] { return sys->select(nfds, r, w, e, timeout); };
  if (nothing_to_watch()) return wait();
  if (const auto n = unlooked(wait)) return *n;
  timeval now{0, 0};
  const bool may_wait = timeout == nullptr || check_readable(timeout, sizeof(*timeout)) != 0 ||
                        timeout->tv_sec != 0 || timeout->tv_usec != 0;
  return select_by(nfds, r, w, may_wait, wait,
                   [&](bool) { return sys->select(nfds, r, w, e, &now); });
}

int pselect(int nfds, fd_set* r, fd_set* w, fd_set* e, const timespec* timeout,
            const sigset_t* mask) {
  const auto wait = [&] { return sys->pselect(nfds, r, w, e, timeout, mask); };
  if (nothing_to_watch()) return wait();
  if (const auto n = unlooked(wait)) return *n;
  const timespec now{0, 0};
  const auto look = [&](bool m) { return sys->pselect(nfds, r, w, e, &now, m ? mask : nullptr); };
  return select_by(nfds, r, w, !is_zero(timeout), wait, look);
}

#ifdef ANYSPLICE_HOST_EPOLL_CTL
// An epoll set watches from now on: the pipe stays the kernel's, and nothing stays held.
int epoll_ctl(int epfd, int op, int fd, epoll_event* event) {
  if (op != EPOLL_CTL_DEL) expose(fd, SettleReason::kEpoll);
  return sys->epoll_ctl(epfd, op, fd, event);
}
#endif

}  // namespace anysplice
