// Bytes in and out by other calls than those under test.
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>

#include "tests/fuzz/stage.h"

namespace fuzz {

// Where the next bytes to write come from; with `align`, so far into a page. Lengths beyond any
// memory are refused by the kernel before it looks; others are brought down to what there is.
size_t Stage::take_pattern(size_t& length, int align) {
  if (length > kPattern / 8 && length <= SIZE_MAX / 4) length = kPattern / 8;
  const size_t taken = length > kPattern / 8 ? 0 : length;
  auto from = static_cast<size_t>(shared_.cursor);
  if (align >= 0) from = (from + kPage - 1) / kPage * kPage + static_cast<size_t>(align) % kPage;
  if (from + taken + kPage > kPattern) from = align >= 0 ? static_cast<size_t>(align) % kPage : 0;
  shared_.cursor = from + taken;
  return from;
}

// Bytes were read into buffer(): they are the same.
void Stage::got_bytes(const Answer answers[2], Var& in, int64_t most) {
  const int64_t n = answers[0].n;
  took_bytes(in, n);
  if (n <= 0) return;
  const size_t seen = static_cast<size_t>(std::min(n, most));
  const std::string_view k(buffer(kKernel), seen), e(buffer(kEngine), seen);
  if (k != e) differ("read: " + difference(k, e));
}

void Stage::read(const Step& step) {
  Var& v = var(step.arg[0]);
  const Object& object = object_of(v);
  size_t length = static_cast<size_t>(step.arg[1]);
  if (object.endless) length = std::min<size_t>(length, 1 << 16);
  if (object.kind == Object::kFile) length = std::min(length, kBuffer);
  const bool vector = step.op == Op::kReadv;
  const bool bad = vector && step.arg[3] >= 0 && step.arg[3] < step.arg[2];
  // What a bad segment stops depends on how the bytes lie in the pipe or socket.
  const bool lies = object.peer >= 0 || (object.kind == Object::kPipe && !slots_known(v));
  if (!can_take(v, false) || (bad && step.arg[3] > 0 && lies)) {
    skipped_ = true;
    return;
  }
  arrive(v);
  std::vector<iovec> iov[2];
  for (int side = 0; side < 2; ++side) {
    iov[side] = segments(buffer(side), length, vector ? step.arg[2] : 1, vector ? step.arg[3] : -1);
  }
  const auto make = [&](int side) -> ssize_t {
    const oracle::Calls& calls = *calls_[side];
    if (step.op == Op::kRead) return calls.read(v.fd[side], buffer(side), length);
    const iovec* const at = iov[side].data();
    const int count = static_cast<int>(iov[side].size());
    if (vector) return calls.readv(v.fd[side], at, count);
    return calls.preadv2(v.fd[side], at, count, -1, static_cast<int>(step.arg[2]));
  };
  const Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  agree(answers);
  // What went to the segments before the bad one is all there is to see.
  const size_t whole = bad ? length / static_cast<size_t>(step.arg[2]) : 0;
  got_bytes(answers, v, bad ? static_cast<int64_t>(whole) * step.arg[3] : INT64_MAX);
}

void Stage::write(const Step& step) {
  Var& v = var(step.arg[0]);
  const bool vector = step.op == Op::kWritev;
  size_t length = static_cast<size_t>(step.arg[1]);
  const Object::Kind kind = object_of(v).kind;
  if (kind >= Object::kStream)
    length = std::min<size_t>(length, kind == Object::kDatagram ? 1 << 16 : 1 << 14);
  const bool small = nonblocking(v) || length <= kPage;
  if (!small || !can_give(v, length, false)) {
    skipped_ = true;
    return;
  }
  // What shares a page of the pipe, or of a socket, with a bad address depends on how bytes lie
  // there.
  const bool lies =
      object_of(v).peer >= 0 || (object_of(v).kind == Object::kPipe && !slots_known(v));
  if (object_of(v).lent || (vector && step.arg[3] > 0 && lies)) {
    skipped_ = true;
    return;
  }
  const size_t from = take_pattern(length);
  const char* const at = pattern() + from;
  const std::vector<iovec> iov = segments(at, length, step.arg[2], step.arg[3]);
  const auto make = [&](int side) {
    if (!vector) return calls_[side]->write(v.fd[side], at, length);
    return calls_[side]->writev(v.fd[side], iov.data(), static_cast<int>(iov.size()));
  };
  Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  judge(answers, v, [&](int side, Rest rest) {
    return !rest.bounded() ? make(side)
                           : calls_[side]->write(v.fd[side], at + rest.done, rest.of(length));
  });
  put_bytes(v, answers[0].n);
}

void Stage::seek(const Step& step) {
  const Var& v = var(step.arg[0]);
  both([&](int side) { return lseek(v.fd[side], step.arg[1], SEEK_SET); });
}

void Stage::truncate(const Step& step) {
  const Var& v = var(step.arg[0]);
  skipped_ = object_of(v).lent;
  if (skipped_) return;
  const int64_t size = std::clamp<int64_t>(step.arg[1], 0, kBuffer);
  both([&](int side) { return ftruncate(v.fd[side], size); });
}

}  // namespace fuzz
