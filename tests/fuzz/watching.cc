// poll, select, epoll, FIONREAD, and what is set on a descriptor.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "core/sys/platform.h"
#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

// The bits of poll and epoll are the same.
constexpr short kRoom = POLLOUT | POLLWRNORM;

}  // namespace

// The engine's events of v, without those that may differ: room in a pipe that is full in slots,
// and in a socket that has something in it.
short Stage::comparable(const Var& v, short kernel, short engine) {
  const Object& object = object_of(v);
  if (object.kind == Object::kEpoll) return kernel;  // events() looks at it
  // A writer that was there for a moment, to put bytes back (docs/limitations.md).
  if (object.lonely && v.reads && ends_at_once(v)) {
    engine = static_cast<short>(engine & ~(POLLHUP & ~kernel));
    if ((kernel & POLLIN) == 0 && bytes_in(v) == 0) engine = static_cast<short>(engine & ~POLLIN);
  }
  // An error behind an urgent mark is gone once it was looked at (docs/limitations.md).
  if (object.urgent) engine = static_cast<short>(engine | (kernel & POLLERR));
  if (object.peer >= 0 && shared_.object[object.peer].unread > 0) {
    return static_cast<short>((engine & ~kRoom) | (kernel & kRoom));
  }
  if (((engine ^ kernel) & kRoom) == 0 || object.kind != Object::kPipe || slots_known(v) ||
      !is_full(v, (kernel & kRoom) != 0 ? kEngine : kKernel, 0)) {
    return engine;
  }
  ++shared_.excused;
  return static_cast<short>((engine & ~kRoom) | (kernel & kRoom));
}

void Stage::poll(std::vector<Var*> which, short events) {
  std::vector<pollfd> fds[2];
  for (Var* v : which) {
    arrive(*v);
    for (int side = 0; side < 2; ++side) fds[side].push_back({v->fd[side], events, 0});
  }
  Answer answers[2];
  for (int s = 0; s < 2; ++s) {
    answers[s] = call(
        s, [&](int side) { return calls_[side]->poll(fds[side].data(), fds[side].size(), 0); });
  }
  int64_t ready = 0;
  for (size_t i = 0; i < which.size(); ++i) {
    const short k = fds[kKernel][i].revents;
    const short e = comparable(*which[i], k, fds[kEngine][i].revents);
    ready += fds[kEngine][i].revents != 0;
    char text[64];
    snprintf(text, sizeof text, "poll kernel: %#x, engine: %#x", static_cast<unsigned>(k),
             static_cast<unsigned>(e));
    if (k != e) differ("v" + std::to_string(which[i] - vars_) + " " + text);
  }
  if (answers[kEngine].n == ready) answers[kEngine].n = answers[kKernel].n;  // as compared above
  agree(answers);
}

void Stage::select(unsigned asked) {
  fd_set sets[2][2];
  int most[2] = {0, 0};
  for (auto& of_side : sets) {
    for (fd_set& set : of_side) FD_ZERO(&set);
  }
  for (Var& v : vars_) {
    if (!v.open()) continue;
    arrive(v);
    for (int side = 0; side < 2; ++side) {
      if ((asked & 1) != 0) FD_SET(v.fd[side], &sets[side][0]);
      if ((asked & 2) != 0) FD_SET(v.fd[side], &sets[side][1]);
      most[side] = std::max(most[side], v.fd[side] + 1);
    }
  }
  Answer answers[2];
  for (int s = 0; s < 2; ++s) {
    answers[s] = call(s, [&](int side) {
      timeval now = {};
      return calls_[side]->select(most[side], &sets[side][0], &sets[side][1], nullptr, &now);
    });
  }
  int64_t ready = 0;
  for (Var& v : vars_) {
    if (!v.open()) continue;
    short events[2] = {};
    for (int side = 0; side < 2; ++side) {
      if (FD_ISSET(v.fd[side], &sets[side][0])) events[side] |= POLLIN;
      if (FD_ISSET(v.fd[side], &sets[side][1])) events[side] |= POLLOUT;
    }
    ready += ((events[kEngine] & POLLIN) != 0) + ((events[kEngine] & POLLOUT) != 0);
    if (events[kKernel] != comparable(v, events[kKernel], events[kEngine])) {
      differ("v" + std::to_string(&v - vars_) + " select kernel: " +
             std::to_string(events[kKernel]) + ", engine: " + std::to_string(events[kEngine]));
    }
  }
  if (answers[kEngine].n == ready) answers[kEngine].n = answers[kKernel].n;
  agree(answers);
}

void Stage::unread(Var& v) {
  // What a related process holds is counted for its readers only (docs/limitations.md).
  const bool forked = std::any_of(std::begin(shared_.pid), std::end(shared_.pid),
                                  [](pid_t pid) { return pid != 0; });
  skipped_ = forked && object_of(v).kind == Object::kPipe && other_end(v) == nullptr;
  if (skipped_) return;
  arrive(v);
  int n[2] = {-1, -1};
  both([&](int side) { return calls_[side]->ioctl(v.fd[side], FIONREAD, &n[side]); });
  if (n[0] != n[1]) {
    differ("FIONREAD kernel: " + std::to_string(n[0]) + ", engine: " + std::to_string(n[1]));
  }
}

void Stage::set_nonblock(Var& v, bool on) {
  both([&](int side) {
    const int flags = calls_[side]->fcntl(v.fd[side], F_GETFL, 0);
    return calls_[side]->fcntl(v.fd[side], F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
  });
}

void Stage::set_size(Var& v, long size) {
  // The engine cannot ask how large a pipe is (docs/portability.md).
  skipped_ = anysplice::kPosixPlatform;
  if (skipped_) return;
  const auto make = [&](int side) { return calls_[side]->fcntl(v.fd[side], F_SETPIPE_SZ, size); };
  Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  const bool differ_in_slots = (answers[0].n < 0) != (answers[1].n < 0);
  // All pipes of a user share a limit, and others come near it too (pipe(7)).
  if (differ_in_slots && (answers[0].error == EPERM || answers[1].error == EPERM)) {
    end(Verdict::kCutShort);
  }
  const int less = answers[kKernel].n < 0 ? kKernel : kEngine;
  if (differ_in_slots && answers[less].error == EBUSY && object_of(v).kind == Object::kPipe &&
      !slots_known(v)) {
    // The bytes of one side take more slots.
    Var* const reader = v.reads ? &v : other_end(v);
    if (reader == nullptr) end(Verdict::kCutShort);
    ++shared_.excused;
    const std::string k = drain(*reader, kKernel), e = drain(*reader, kEngine);
    if (k != e) differ("in it: " + difference(k, e));
    answers[less] = call(less, make);
  }
  agree(answers);
}

void Stage::watch(const Step& step) {
  const Var &set = var(step.arg[0]), &v = var(step.arg[2]);
  const auto change = [&](int side) {
    epoll_event event = {};
    event.events = static_cast<uint32_t>(step.arg[3]);
    event.data.u32 = static_cast<uint32_t>(step.arg[2]);
    return calls_[side]->epoll_ctl(set.fd[side], static_cast<int>(step.arg[1]), v.fd[side], &event);
  };
  const Answer answers[] = {call(kKernel, change), call(kEngine, change)};
  // A set knows a number as long as there is a copy of what it named, and which number is given
  // again differs.
  if ((answers[kKernel].error == EEXIST) != (answers[kEngine].error == EEXIST)) {
    end(Verdict::kCutShort);
  }
  agree(answers);
  if (!v.open() || step.arg[1] == EPOLL_CTL_DEL) return;
  shared_.object[v.object].exposed = true;
  if (answers[kKernel].n == 0) shared_.watched[step.arg[2]] = v.object;
}

void Stage::events(Var& set) {
  for (Var& v : vars_) arrive(v);
  constexpr int kMost = 32;
  epoll_event events[2][kMost];
  Answer answers[2];
  uint32_t of[2][kVariables] = {};
  for (int s = 0; s < 2; ++s) {
    answers[s] =
        call(s, [&](int side) { return ::epoll_wait(set.fd[side], events[side], kMost, 0); });
    for (int64_t i = 0; i < answers[s].n; ++i) of[s][events[s][i].data.u32] |= events[s][i].events;
  }
  if (answers[0].n < 0 || answers[1].n < 0) agree(answers);
  for (int i = 0; i < kVariables; ++i) {
    // Room is compared by poll; an edge more than the kernel's must at least be true, as far as
    // that can be seen: the number may be closed or another's, and a copy of it keep it in the set.
    const uint32_t k = of[kKernel][i] & ~uint32_t{kRoom}, e = of[kEngine][i] & ~uint32_t{kRoom};
    const uint32_t extra = e & ~k;
    const Var& v = vars_[i];
    if (v.open() && object_of(v).lonely && (extra & ~uint32_t{EPOLLHUP}) == 0 && (k & ~e) == 0) {
      continue;  // as in comparable()
    }
    pollfd now = {v.fd[kKernel], POLLIN, 0};
    if (!v.open() || v.object != shared_.watched[i]) {
      now.revents = static_cast<short>(extra);
    } else if (extra != 0) {
      ::poll(&now, 1, 0);
    }
    if ((k & ~e) == 0 && (extra & ~static_cast<uint32_t>(now.revents)) == 0) continue;
    char text[96];
    snprintf(text, sizeof text, "v%d epoll kernel: %#x, engine: %#x", i, k, e);
    differ(text);
  }
}

}  // namespace fuzz
