#include "tests/fuzz/generate.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

#include "tests/fuzz/generator.h"

namespace fuzz {
namespace {

// In the order of ops.def.
constexpr std::array<unsigned, static_cast<size_t>(Op::kOps)> kUsual = {
    20,  4,   6,   5,   2,  3,  6,  4, 3,     // making
    15,  10,  30,  2,                         // copying and closing
    260, 160, 120, 60,                        // the family
    100, 40,  15,  110, 10, 30, 10, 8,        // bytes
    40,  40,  20,  2,                         // sockets
    40,  8,   8,   20,  15, 15, 5,  2, 6, 8,  // watching
    6,   2,   3,                              // not alone
    5,   3,   6,   1,   4,  12,               // others
    60,                                       // memory
};

}  // namespace

Generator::Generator(uint64_t seed, const Config& config) : Draws(seed) {
  program_.config = config;
  program_.observe = static_cast<int>(below(3));
  // Each program has its own likings: some operations often, some not at all.
  for (size_t i = 0; i < weights_.size(); ++i) {
    const unsigned liking = below(5);
    weights_[i] = liking == 0 ? 0 : kUsual[i] * liking;
  }
  draw_likings();
}

Program Generator::run(int steps) {
  furnish();
  while (static_cast<int>(program_.steps.size()) < steps) step();
  return program_;
}

void Generator::add(Op op, std::initializer_list<int64_t> args) {
  Step step;
  step.op = op;
  step.actor = actor_;
  std::copy(args.begin(), args.end(), step.arg);
  program_.steps.push_back(step);
}

void Generator::furnish() {
  const unsigned pipes = 2 + below(3);
  for (unsigned i = 0; i < pipes; ++i) make(chance(90) ? Op::kPipe : Op::kFifo);
  make(Op::kFile);
  if (chance(60)) make(Op::kFile);
  if (chance(40)) make(Op::kPair);
  if (chance(20)) make(Op::kDevice);
  if (chance(15)) make(Op::kTerminal);
  if (chance(15)) make(Op::kLonely);
}

void Generator::step() {
  if (forked_ && chance(10)) actor_ = static_cast<int>(below(kActors));
  unsigned sum = 0;
  for (const unsigned weight : weights_) sum += weight;
  unsigned at = sum == 0 ? 0 : below(sum);
  size_t i = 0;
  while (i + 1 < weights_.size() && at >= weights_[i]) at -= weights_[i++];
  draw(static_cast<Op>(i));
}

void Generator::draw(Op op) {
  constexpr unsigned kIns = of({kReader, kAnyFile, kSocket, kAnyDevice});
  constexpr unsigned kOuts = of({kWriter, kAnyFile, kSocket, kAnyDevice});
  constexpr unsigned kPipes = of({kReader, kWriter});
  switch (op) {
    case Op::kPipe:
    case Op::kFifo:
    case Op::kFile:
    case Op::kPair:
    case Op::kDevice:
    case Op::kEpoll:
    case Op::kLonely:
    case Op::kOdd:
    case Op::kTerminal:
      make(op);
      break;
    case Op::kDup:
    case Op::kDup2:
    case Op::kSendFd:
      copy(op);
      break;
    case Op::kAgain: {
      const std::vector<int> free = all(of({kFree}));
      if (free.size() < 4) break;
      const unsigned how = below(3);
      add(op, {pick(kPipes), free[0], how});
      guess_[free[0]] = how == 0 ? kReader : kWriter;
      break;
    }
    case Op::kType:
      add(op, {pick(of({kAnyDevice})), length()});
      break;
    case Op::kClose: {
      // Enough stays open to go on with.
      if (all(~of({kFree})).size() < 6) break;
      const int v = pick(~of({kFree}));
      add(op, {v});
      if (actor_ == 0) guess_[v] = kFree;
      break;
    }
    case Op::kSplice: {
      // One end at least is a pipe, mostly.
      const bool from_pipe = chance(60);
      const int in = pick(from_pipe ? of({kReader}) : kIns);
      const int out = pick(from_pipe && !chance(3) ? kOuts : of({kWriter}));
      add(op, {in, offset(in), out, offset(out), length(), family_flags()});
      break;
    }
    case Op::kTee:
      add(op, {pick(of({kReader})), pick(of({kWriter})), length(), family_flags()});
      break;
    case Op::kVmsplice:
      add(op, {pick(chance(70) ? of({kWriter}) : of({kReader})), length(), segments(),
               bad_segment(), chance(70) ? below(4096) : 0, family_flags()});
      break;
    case Op::kSendfile: {
      const int in = pick(chance(90) ? of({kAnyFile}) : kIns);
      add(op, {pick(kOuts), in, offset(in), length()});
      break;
    }
    case Op::kRead:
      add(op, {pick(kIns), length()});
      break;
    case Op::kReadv:
      add(op, {pick(kIns), length(), segments(), bad_segment()});
      break;
    case Op::kPreadv2:
      add(op, {pick(kIns), length(), chance(70) ? 0 : 1});  // RWF_HIPRI
      break;
    case Op::kWrite:
      add(op, {pick(kOuts), length()});
      break;
    case Op::kWritev:
      add(op, {pick(kOuts), length(), segments(), bad_segment()});
      break;
    case Op::kSeek:
    case Op::kTruncate:
      add(op, {pick(of({kAnyFile})), below(20000)});
      break;
    case Op::kSend: {
      constexpr int64_t kFlags[] = {0, 0, MSG_OOB, MSG_EOR};
      add(op, {pick(of({kSocket})), length(), kFlags[below(4)]});
      break;
    }
    case Op::kReceive: {
      constexpr int64_t kFlags[] = {0, MSG_PEEK, MSG_TRUNC, MSG_OOB, MSG_PEEK | MSG_TRUNC};
      add(op, {pick(of({kSocket})), length(), kFlags[below(5)]});
      break;
    }
    case Op::kOption: {
      constexpr int64_t kMost[] = {6000, 20, 20, 300, 2, 20000, 20000};
      const unsigned which = below(7);
      const bool off = which == 3 && chance(30);
      add(op, {pick(of({kSocket})), which,
               off ? -1 : static_cast<int64_t>(below(static_cast<unsigned>(kMost[which])))});
      break;
    }
    case Op::kShut:
      add(op, {pick(of({kSocket})), below(3)});
      break;
    case Op::kPoll:
      add(op, {pick(~of({kFree})), events()});
      break;
    case Op::kPollAll:
      add(op, {events()});
      break;
    case Op::kSelect:
      add(op, {1 + below(3)});
      break;
    case Op::kUnread:
    case Op::kGetSize:
      add(op, {pick(kPipes)});
      break;
    case Op::kNonblock:
      add(op, {pick(kPipes | of({kSocket, kAnyDevice})), chance(blocking_ ? 50 : 85)});
      break;
    case Op::kSetSize: {
      constexpr int64_t kSizes[] = {0, 1, 4096, 4097, 8192, 16384, 65536, 65537, 131072, 1 << 20};
      add(op, {pick(kPipes), kSizes[below(std::size(kSizes))]});
      break;
    }
    case Op::kWatch:
      if (all(of({kSet})).empty()) break;
      add(op, {pick(of({kSet})), chance(70) ? EPOLL_CTL_ADD : 1 + below(3),
               pick(kPipes | of({kSocket})),
               events() | (chance(40) ? static_cast<int64_t>(EPOLLET) : 0)});
      break;
    case Op::kEvents:
      if (!all(of({kSet})).empty()) add(op, {pick(of({kSet}))});
      break;
    case Op::kWait:
      compose_wait();
      break;
    case Op::kStorm:
    case Op::kThreads:
      compose_at_once(op);
      break;
    case Op::kDrop:
      if (actor_ != 0) add(op, {below(2)});
      break;
    case Op::kFork: {
      const unsigned child = 1 + below(kActors - 1);
      actor_ = 0;
      forked_ = true;
      add(op, {child});
      if (!chance(30)) break;
      // As servers do: what it gives up goes first.
      actor_ = static_cast<int>(child);
      add(Op::kDrop, {below(2)});
      break;
    }
    case Op::kExit:
      if (actor_ != 0) add(op, {below(2)});
      break;
    case Op::kSpawn:
      add(op, {pick(kPipes), below(2), length()});
      break;
    case Op::kExpose:
      add(op, {pick(kPipes)});
      break;
    case Op::kStranger:
      add(op, {pick(kPipes), below(2), length()});
      break;
    case Op::kRefer:
      add(op, {pick(of({kWriter})), length(), below(6), chance(70) ? below(4096) : 0});
      break;
    case Op::kOps:
      break;
  }
}

Program generate(uint64_t seed, int steps, const Config& config) {
  return Generator(seed, config).run(steps);
}

}  // namespace fuzz
