// Where the two sides may differ: how much a full pipe or socket takes (docs/limitations.md, "Small
// pieces share buffers"). Bytes and their order may not: the side that took less is given room
// until it has taken the same, and what came out of both is compared.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/pipe/pipe_table.h"
#include "tests/fuzz/stage.h"

namespace fuzz {

// Whether the engine counts the slots of this pipe as the kernel does.
bool Stage::slots_known(const Var& v) {
  const anysplice::FdEntry entry = anysplice::fd_entry(v.fd[kEngine]);
  return entry.ours() && !object_of(v).scattered &&
         anysplice::pipe_of(entry)->state.load() == anysplice::PipeState::kRing;
}

// Before a call: a pipe gets its ring only now, and the ring cannot know how the bytes lay that
// were written before. The mark goes when the pipe is empty.
void Stage::look_at_slots(const Var& v) {
  if (!v.open()) return;
  Object& object = shared_.object[v.object];
  if (object.kind != Object::kPipe) return;
  const int n = bytes_in(v);
  const anysplice::FdEntry entry = anysplice::fd_entry(v.fd[kEngine]);
  const bool ring =
      entry.ours() && anysplice::pipe_of(entry)->state.load() == anysplice::PipeState::kRing;
  object.scattered = n > 0 && (object.scattered || !ring);
  object.from_socket = n > 0 && object.from_socket;
}

// Bytes that came from a socket lie in pieces of its making.
void Stage::mark_scattered(const Var& in, const Var& out) {
  look_at_slots(in);
  look_at_slots(out);
  if (!out.open()) return;
  Object& to = object_of(out);
  const Object from = object_of(in);
  const bool socket =
      from.kind == Object::kStream || from.kind == Object::kTcp || from.kind == Object::kDatagram;
  if (socket || from.from_socket) to.from_socket = true;
  if (socket || from.scattered) to.scattered = true;
}

// The variable from which comes what is put into v; null if this process has none.
Var* Stage::other_end(const Var& v) {
  const Object& object = object_of(v);
  const int wanted = object.kind == Object::kPipe ? v.object : object.peer;
  for (Var& other : vars_) {
    if (other.open() && other.object == wanted && other.reads) return &other;
  }
  return nullptr;
}

std::string Stage::drain(Var& v, int side) {
  std::string all;
  int empty = 0;  // messages; at its end a SOCK_SEQPACKET has any number of them
  for (;;) {
    pollfd p = {v.fd[side], POLLIN, 0};
    if (calls_[side]->poll(&p, 1, 0) <= 0) break;
    // A read of a stream would wait for as much as SO_RCVLOWAT says.
    const bool stream = object_of(v).kind == Object::kStream;
    const ssize_t n = stream ? ::recv(v.fd[side], buffer(side), kBuffer, MSG_DONTWAIT)
                             : calls_[side]->read(v.fd[side], buffer(side), kBuffer);
    const bool messages = object_of(v).kind == Object::kDatagram;
    if (n <= 0 && (n < 0 || !messages || ++empty > 8)) break;
    // Messages are compared, not only their bytes.
    if (messages) all += "<" + std::to_string(n) + ">";
    all.append(buffer(side), static_cast<size_t>(n));
    if (all.size() > 16 * kBuffer) differ("endless");
  }
  if (side == kEngine) object_of(v).unread = object_of(v).messages = 0;
  return all;
}

// Whether one side, which just took n bytes, cannot be expected to take more. The kernel's pipe
// then says so. The engine's may have slots left that it cannot be sure of, or its bytes lie in
// more, because the first of them is partly read or they were held in pieces. But it is more than
// half full, or has a few slots only; or the bytes came through a kernel's pipe, and lie in pieces
// of the engine's making.
bool Stage::is_full(const Var& out, int side, int64_t n) {
  if (!out.open()) return false;
  pollfd p = {out.fd[side], POLLOUT, 0};
  calls_[side]->poll(&p, 1, 0);
  if ((p.revents & POLLOUT) == 0) return true;
  const Object& object = object_of(out);
  if (object.kind != Object::kPipe) return false;
  // It asks a socket for no more than as many pages as there are slots, and puts it into fewer.
  if (side == kKernel) return object.from_socket && n > 0 && n % kPage == 0;
  int there = 0;
  const int64_t size = calls_[side]->fcntl(out.fd[side], F_GETPIPE_SZ, 0);
  calls_[side]->ioctl(out.fd[side], FIONREAD, &there);
  // A socket's pages may be larger than a slot of the engine.
  return there + 3 * static_cast<int64_t>(kPage) > size || 2 * static_cast<int64_t>(there) > size ||
         object.from_socket || object.scattered;
}

// A pipe that had to take back more bytes than its size has grown (docs/limitations.md).
void Stage::get_size(Var& v) {
  const auto size = [&](int side) { return calls_[side]->fcntl(v.fd[side], F_GETPIPE_SZ, 0); };
  const Answer answers[] = {call(kKernel, size), call(kEngine, size)};
  const bool grown = v.open() && object_of(v).kind == Object::kPipe && !slots_known(v) &&
                     answers[kKernel].n > 0 && answers[kEngine].n > answers[kKernel].n;
  if (grown) end(Verdict::kCutShort);
  agree(answers);
}

// Which side took less because it was full, or -1 if they agree. Whatever else differs ends it.
int Stage::behind(const Answer answers[2], const Var& out) {
  if (answers[0] == answers[1]) return -1;
  const Object& object = object_of(out);
  const auto rank = [&](int side) {
    return answers[side].n < 0 && answers[side].error == EAGAIN ? -2 : answers[side].n;
  };
  const int less = rank(kEngine) < rank(kKernel) ? kEngine : kKernel;
  const bool may_be =
      object.kind == Object::kStream || (object.kind == Object::kPipe && !slots_known(out));
  const bool part = answers[less].n > 0 || (answers[less].n < 0 && answers[less].error == EAGAIN);
  if (!may_be || !part || answers[less].signals != 0 || !is_full(out, less, answers[less].n))
    agree(answers);
  if (other_end(out) == nullptr) end(Verdict::kCutShort);
  ++shared_.excused;
  return less;
}

// After a call that put bytes into `out`: if one side took less, it gets room and goes on until
// both have taken the same.
void Stage::judge(Answer answers[2], Var& out, const Again& again) {
  const int less = behind(answers, out);
  if (less < 0) return;
  const Answer& more = answers[1 - less];
  Var& reader = *other_end(out);
  std::string bytes[2];
  for (int side = 0; side < 2; ++side) bytes[side] = drain(reader, side);
  int64_t total = std::max(answers[less].n, int64_t{0});
  do {
    const Rest rest = {static_cast<size_t>(total),
                       more.n > 0 ? static_cast<size_t>(more.n - total) : SIZE_MAX};
    const Answer next = call(less, [&](int side) { return again(side, rest); });
    if (next.n <= 0) {
      answers[less] = next;
      break;
    }
    total += next.n;
    answers[less] = {total, next.error};
    bytes[less] += drain(reader, less);
  } while (total < more.n);
  agree(answers);
  if (bytes[0] != bytes[1]) differ("taken by a full one: " + difference(bytes[0], bytes[1]));
}

// The same after a tee, which cannot go on: it would begin at the front again.
void Stage::judge_tee(Answer answers[2], Var& out, const Again& again) {
  const int less = behind(answers, out);
  if (less < 0) return;
  const Answer& more = answers[1 - less];
  Var& reader = *other_end(out);
  std::string bytes[2];
  for (int side = 0; side < 2; ++side) bytes[side] = drain(reader, side);
  if (!bytes[1 - less].starts_with(bytes[less])) {
    differ("taken by a full one: " + difference(bytes[0], bytes[1]));
  }
  const Answer whole = call(less, [&](int side) { return again(side, {}); });
  const std::string given = drain(reader, less);
  if (more.n <= 0 || whole.n <= 0) {
    answers[less] = whole;
    agree(answers);
    return;
  }
  const std::string last =
      bytes[1 - less].substr(bytes[1 - less].size() - static_cast<size_t>(more.n));
  const size_t most = std::min(last.size(), given.size());
  if (last.compare(0, most, given, 0, most) != 0) {
    differ("taken by a full one, and given again: " + difference(last, given));
  }
  answers[less] = more;
}

}  // namespace fuzz
