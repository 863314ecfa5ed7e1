// Which step is made by which function.
#include "tests/fuzz/stage.h"

namespace fuzz {

void Stage::act(const Step& step) {
  step_ = &step;
  skipped_ = false;
  const int64_t* a = step.arg;
  const auto length = [&](int i) { return static_cast<size_t>(a[i]); };
  switch (step.op) {
    case Op::kPipe:
      make_pipe(step);
      break;
    case Op::kFifo:
      make_fifo(step);
      break;
    case Op::kFile:
      make_file(step);
      break;
    case Op::kPair:
      make_pair(step);
      break;
    case Op::kDevice:
      make_device(step);
      break;
    case Op::kLonely:
      make_lonely_fifo(step);
      break;
    case Op::kAgain:
      open_again(step);
      break;
    case Op::kOdd:
      make_odd(step);
      break;
    case Op::kTerminal:
      make_terminal(step);
      break;
    case Op::kType:
      type(step);
      break;
    case Op::kDup:
      dup(step);
      break;
    case Op::kDup2:
      dup2(step);
      break;
    case Op::kClose:
      close(var(a[0]));
      break;
    case Op::kSendFd:
      send_fd(step);
      break;
    case Op::kSplice:
      splice(step);
      break;
    case Op::kTee:
      tee(step);
      break;
    case Op::kVmsplice:
      vmsplice(step);
      break;
    case Op::kSendfile:
      sendfile(step);
      break;
    case Op::kRead:
    case Op::kReadv:
    case Op::kPreadv2:
      read(step);
      break;
    case Op::kWrite:
    case Op::kWritev:
      write(step);
      break;
    case Op::kSeek:
      seek(step);
      break;
    case Op::kTruncate:
      truncate(step);
      break;
    case Op::kSend:
      send(step);
      break;
    case Op::kReceive:
      receive(step);
      break;
    case Op::kOption:
      set_option(step);
      break;
    case Op::kShut:
      shut(step);
      break;
    case Op::kPoll:
      poll({&var(a[0])}, static_cast<short>(a[1]));
      break;
    case Op::kPollAll: {
      std::vector<Var*> all;
      for (Var& v : vars_) {
        if (v.open()) all.push_back(&v);
      }
      poll(all, static_cast<short>(a[0]));
      break;
    }
    case Op::kSelect:
      select(static_cast<unsigned>(a[0]));
      break;
    case Op::kUnread:
      unread(var(a[0]));
      break;
    case Op::kNonblock:
      set_nonblock(var(a[0]), a[1] != 0);
      break;
    case Op::kSetSize:
      set_size(var(a[0]), static_cast<long>(a[1]));
      break;
    case Op::kGetSize:
      get_size(var(a[0]));
      break;
    case Op::kEpoll:
      make_epoll(step);
      break;
    case Op::kWatch:
      watch(step);
      break;
    case Op::kEvents:
      events(var(a[0]));
      break;
    case Op::kWait:
      wait(step);
      break;
    case Op::kStorm:
      storm(step);
      break;
    case Op::kThreads:
      threads(step);
      break;
    case Op::kDrop:
      drop(a[0]);
      break;
    case Op::kFork:
      fork(static_cast<int>(a[0]));
      break;
    case Op::kExit:
      if (actor_ != 0) exit(a[0] != 0);
      skipped_ = true;
      break;
    case Op::kSpawn:
      spawn(var(a[0]), a[1] != 0, length(2));
      break;
    case Op::kExpose:
      expose(var(a[0]));
      break;
    case Op::kStranger:
      stranger(var(a[0]), a[1] != 0, length(2));
      break;
    case Op::kRefer:
      refer(step);
      break;
    case Op::kOps:
      break;
  }
  if (skipped_) return;
  observe(step);
  ++shared_.compared;
}

}  // namespace fuzz
