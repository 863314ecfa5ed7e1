// Steps that need others before them, or several variables.
#include <algorithm>

#include "tests/fuzz/generator.h"

namespace fuzz {

void Generator::make(Op op) {
  const std::vector<int> free = all(of({kFree}));
  if (free.size() < 4) return;
  const int a = free[0], b = free[1];
  switch (op) {
    case Op::kPipe:
    case Op::kFifo:
      add(op, {a, b, open_flags()});
      guess_[a] = kReader;
      guess_[b] = kWriter;
      break;
    case Op::kFile:
      add(op, {a, chance(60) ? 0 : below(4), chance(10) ? 0 : below(chance(50) ? 300'000 : 9000)});
      guess_[a] = kAnyFile;
      break;
    case Op::kPair:
      add(op, {a, b, chance(30) ? 0 : below(5)});
      guess_[a] = guess_[b] = kSocket;
      break;
    case Op::kDevice:
      add(op, {a, below(2)});
      guess_[a] = kAnyDevice;
      break;
    case Op::kLonely:
      add(op, {a});
      guess_[a] = kReader;
      break;
    case Op::kOdd:
      add(op, {a, below(10)});
      guess_[a] = kAnyDevice;
      break;
    case Op::kTerminal:
      add(op, {a, b, below(6)});
      guess_[a] = guess_[b] = kAnyDevice;
      break;
    default:
      add(op, {a});
      guess_[a] = kSet;
      break;
  }
}

void Generator::copy(Op op) {
  const int from = pick(of({kReader, kWriter, kAnyFile, kSocket}));
  if (op == Op::kDup2) {
    const int to = pick(~of({kFree, kSet}));
    add(op, {from, to});
    guess_[to] = guess_[from] == kFree ? guess_[to] : guess_[from];
    return;
  }
  const std::vector<int> free = all(of({kFree}));
  if (free.size() < 4) return;
  add(op, {from, free[0]});
  guess_[free[0]] = guess_[from];
}

// A call that sleeps, and all it needs for that.
void Generator::compose_wait() {
  // Mostly on new pipes, which have all ends here and nothing in them.
  const std::vector<int> free = all(of({kFree}));
  int in = pick(of({kReader})), out = pick(of({kWriter}));
  if (free.size() >= 8 && chance(40)) {
    // Something else that waits.
    make(Op::kPipe);
    make(chance(70) ? Op::kPair : Op::kTerminal);
    constexpr unsigned kCalls[] = {0, 1, 1, 4, 9};
    const unsigned end = 2 + below(2);
    add(Op::kNonblock, {free[end], 0});
    add(Op::kNonblock, {free[1], 0});
    if (chance(30)) add(Op::kTee, {in, free[1], 1, 2});
    add(Op::kWait, {free[end], free[1], kCalls[below(5)], below(5), length()});
    return;
  }
  if (free.size() >= 8 && chance(80)) {
    make(Op::kPipe);
    make(Op::kPipe);
    in = free[chance(70) ? 0 : 2];
    out = free[3];
    const unsigned which = below(9);
    if ((which == 6 || which == 8) && chance(80)) add(Op::kWrite, {free[1], 1 + below(9000)});
    if (chance(50)) add(Op::kTee, {in, out, 1, 2});
    add(Op::kNonblock, {in, 0});
    add(Op::kNonblock, {out, 0});
    add(Op::kWait, {in, out, which, below(5), length()});
    return;
  }
  add(Op::kNonblock, {in, 0});
  add(Op::kNonblock, {out, 0});
  add(Op::kWait, {in, out, below(9), below(5), length()});
}

// Two new pipes, for signals or threads.
void Generator::compose_at_once(Op op) {
  const std::vector<int> free = all(of({kFree}));
  if (free.size() < 8) return;
  make(Op::kPipe);
  make(Op::kPipe);
  // Used before, or not.
  if (chance(50)) add(Op::kTee, {free[0], free[3], 1, 2});
  if (op == Op::kThreads) {
    add(op, {free[0], free[1], free[2], free[3], length()});
  } else {
    add(op, {free[0], free[3], length(), below(3)});
  }
}

}  // namespace fuzz
