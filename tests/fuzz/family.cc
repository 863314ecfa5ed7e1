// The calls under test.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

// An offset argument, one for each side.
class Offset {
 public:
  explicit Offset(int64_t value) : given_(value), value_{value, value} {}
  loff_t* of(int side) {
    if (given_ == kNoOffset) return nullptr;
    return given_ == kBadOffset ? reinterpret_cast<loff_t*>(nowhere()) : &value_[side];
  }
  bool same() const { return value_[0] == value_[1]; }
  std::string text() const {
    return "offset kernel: " + std::to_string(value_[0]) + ", engine: " + std::to_string(value_[1]);
  }

 private:
  int64_t given_;
  loff_t value_[2];
};

// Never for ever, and never more than a disk has: what has no end of its own gets one.
size_t bounded(size_t length, const Object& in, const Object& out, bool room) {
  if (in.endless || (&in == &out && in.kind == Object::kFile)) {
    return std::min<size_t>(length, 1 << 16);
  }
  if (out.terminal) return std::min<size_t>(length, 200);
  const bool counted = out.kind == Object::kTcp || out.kind == Object::kDatagram;
  // A large one of many pieces is lost by the kernel.
  if (out.inet) return std::min<size_t>(length, 1 << 13);
  // Several messages at once, if there is room for them.
  if (out.kind == Object::kDatagram && room) return std::min<size_t>(length, 1 << 17);
  return counted ? std::min<size_t>(length, 1 << 14) : length;
}

}  // namespace

// Bytes, or a message, were taken out of a socket.
void Stage::took_bytes(Var& in, int64_t n) {
  Object& object = object_of(in);
  if (n < 0 || object.peer < 0) return;
  object.unread -= n;
  if (object.kind == Object::kDatagram) object.messages = std::max(0, object.messages - 1);
}

// A socket, or a file, was written to.
void Stage::put_bytes(Var& out, int64_t n) {
  const Object& object = object_of(out);
  if (n < 0 || object.peer < 0) return;
  shared_.object[object.peer].unread += n;
  shared_.object[object.peer].sent += static_cast<uint64_t>(n);
  ++shared_.object[object.peer].messages;
  if (object.kind != Object::kTcp) return;
  // What was kept back for more to come goes out.
  const int on = 1;
  for (int fd : out.fd) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Whether the other end of a message socket has read all of them.
bool Stage::no_messages(const Var& out) {
  const Object& object = object_of(out);
  return object.kind == Object::kDatagram && !object.inet &&
         shared_.object[object.peer].messages == 0 && shared_.object[object.peer].unread <= 0;
}

// The kernel puts a file's pages into a pipe, so a later change of the file shows there. The engine
// copies. So a file that was read from is not written any more. False if it would be.
bool Stage::lend(const Var& in, const Var& out) {
  const bool file = object_of(in).kind == Object::kFile;
  skipped_ = object_of(out).lent || (file && in.object == out.object);
  if (file && !skipped_) shared_.object[in.object].lent = true;
  return !skipped_;
}

void Stage::splice(const Step& step) {
  Var &in = var(step.arg[0]), &out = var(step.arg[2]);
  size_t length =
      bounded(static_cast<size_t>(step.arg[4]), object_of(in), object_of(out), no_messages(out));
  const unsigned flags = static_cast<unsigned>(step.arg[5]);
  const bool no_wait = (flags & SPLICE_F_NONBLOCK) != 0;
  // The kernel (6.18) loses a UDP message of many small pieces, all the same from which pipe.
  if (!can_take(in, no_wait) || !can_give(out, length, no_wait) || object_of(out).inet) {
    skipped_ = true;
    return;
  }
  // What does not fit of a message is lost; what has more than sixteen slots becomes two messages.
  if ((object_of(in).kind == Object::kDatagram && !slots_known(out) && !empty(out)) ||
      (object_of(out).kind == Object::kDatagram && !slots_known(in) && is_large(in))) {
    skipped_ = true;
    return;
  }
  // A device's bytes go into a pipe of the kernel one page at a time (docs/limitations.md).
  if (object_of(in).endless && !slots_known(out)) length = std::min(length, kPage);
  arrive(in);
  mark_scattered(in, out);
  if (!lend(in, out)) return;
  Offset off_in(step.arg[1]), off_out(step.arg[3]);
  const auto make = [&](int side, Rest rest, unsigned with) {
    return calls_[side]->splice(in.fd[side], off_in.of(side), out.fd[side], off_out.of(side),
                                rest.of(length), with);
  };
  Answer answers[] = {call(kKernel, [&](int s) { return make(s, {}, flags); }),
                      call(kEngine, [&](int s) { return make(s, {}, flags); })};
  const uint64_t excused = shared_.excused;
  judge(answers, out, [&](int s, Rest rest) { return make(s, rest, flags | SPLICE_F_NONBLOCK); });
  // In more calls than one: an error is taken by the one that found less than SO_RCVLOWAT.
  if (shared_.excused != excused && object_of(in).low_water != 1) end(Verdict::kCutShort);
  if (!off_in.same()) differ("in: " + off_in.text());
  if (!off_out.same()) differ("out: " + off_out.text());
  took_bytes(in, answers[0].n);
  put_bytes(out, answers[0].n);
}

void Stage::tee(const Step& step) {
  Var &in = var(step.arg[0]), &out = var(step.arg[1]);
  const size_t length = static_cast<size_t>(step.arg[2]);
  const unsigned flags = static_cast<unsigned>(step.arg[3]);
  const bool no_wait = (flags & SPLICE_F_NONBLOCK) != 0;
  if (!can_take(in, no_wait) || !can_give(out, 0, no_wait)) {
    skipped_ = true;
    return;
  }
  mark_scattered(in, out);
  const auto make = [&](int side) {
    return calls_[side]->tee(in.fd[side], out.fd[side], length, flags);
  };
  Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  judge_tee(answers, out, [&](int side, Rest) {
    return calls_[side]->tee(in.fd[side], out.fd[side], length, flags | SPLICE_F_NONBLOCK);
  });
}

// On a read end the bytes go to memory. vmsplice does not look at O_NONBLOCK.
void Stage::vmsplice(const Step& step) {
  Var& v = var(step.arg[0]);
  const unsigned flags = static_cast<unsigned>(step.arg[5]);
  size_t length = static_cast<size_t>(step.arg[1]);
  const bool no_wait = (flags & SPLICE_F_NONBLOCK) != 0;
  const bool pipe = object_of(v).kind == Object::kPipe;
  const bool out_of = v.reads && !v.writes;
  if (pipe && !no_wait && !(out_of ? ready(v, POLLIN) : ready(v, POLLOUT) && has_room(v))) {
    skipped_ = true;
    return;
  }
  const size_t from = v.writes ? take_pattern(length, static_cast<int>(step.arg[4])) : 0;
  look_at_slots(v);
  // Into a bad segment nothing goes of a slot that does not fit before it, whatever a slot is here.
  if (pipe && out_of && step.arg[3] > 0 && !slots_known(v)) {
    skipped_ = true;
    return;
  }
  std::vector<iovec> iov[2];
  for (int side = 0; side < 2; ++side) {
    iov[side] =
        segments(v.writes ? pattern() + from : buffer(side), length, step.arg[2], step.arg[3]);
  }
  const auto make = [&](int side, unsigned with) {
    return calls_[side]->vmsplice(v.fd[side], iov[side].data(), iov[side].size(), with);
  };
  Answer answers[] = {call(kKernel, [&](int s) { return make(s, flags); }),
                      call(kEngine, [&](int s) { return make(s, flags); })};
  if (out_of) {
    agree(answers);
    got_bytes(answers, v);
    return;
  }
  // How the rest is cut does not matter.
  judge(answers, v, [&](int side, Rest rest) {
    const iovec left = {const_cast<char*>(pattern()) + from + rest.done, rest.of(length)};
    return rest.bounded() ? calls_[side]->vmsplice(v.fd[side], &left, 1, flags | SPLICE_F_NONBLOCK)
                          : make(side, flags | SPLICE_F_NONBLOCK);
  });
}

void Stage::sendfile(const Step& step) {
  Var &out = var(step.arg[0]), &in = var(step.arg[1]);
  size_t count =
      bounded(static_cast<size_t>(step.arg[3]), object_of(in), object_of(out), no_messages(out));
  if (object_of(in).endless && !slots_known(out)) count = std::min(count, kPage);
  // How far a terminal's file system goes nobody can know (docs/limitations.md).
  const bool beyond = object_of(out).terminal && step.arg[2] > INT32_MAX;
  if (beyond || !can_take(in, false) || !can_give(out, count, false) ||
      (object_of(in).kind == Object::kDatagram && !slots_known(out) && !empty(out))) {
    skipped_ = true;
    return;
  }
  arrive(in);
  mark_scattered(in, out);
  if (!lend(in, out)) return;
  Offset offset(step.arg[2]);
  const auto make = [&](int side, Rest rest) {
    return calls_[side]->sendfile(out.fd[side], in.fd[side], offset.of(side), rest.of(count));
  };
  Answer answers[] = {call(kKernel, [&](int s) { return make(s, {}); }),
                      call(kEngine, [&](int s) { return make(s, {}); })};
  judge(answers, out, make);
  if (!offset.same()) differ(offset.text());
  took_bytes(in, answers[0].n);
  put_bytes(out, answers[0].n);
}

}  // namespace fuzz
