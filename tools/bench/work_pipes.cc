// Work in which little but references moves, and work with another process at the pipe's end.
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "tools/bench/moves.h"
#include "tools/bench/work.h"

namespace anysplice::tools::bench {
namespace {

Fd open_null() { return just_made(open("/dev/null", O_WRONLY | O_CLOEXEC)); }

// To and fro between two pipes: nothing but the transfer itself.
class PipeToPipe : public Work {
 public:
  PipeToPipe(const Calls& calls, size_t size)
      : calls_(calls), size_(size), file_(temporary_file()), pipes_{{calls, size}, {calls, size}} {}
  bool ok() const { return file_.get() >= 0 && pipes_[0].ok() && pipes_[1].ok(); }

  ssize_t once() override {
    const PipeEnds& from = pipes_[turn_];
    turn_ = 1 - turn_;
    if (!filled_) {
      loff_t start = 0;
      const ssize_t n = calls_.splice(file_.get(), &start, from.write_end(), nullptr, size_, 0);
      if (n != static_cast<ssize_t>(size_)) return n < 0 ? -errno : -EIO;
      filled_ = true;
    }
    const ssize_t n = checked(calls_.splice(from.read_end(), nullptr, pipes_[turn_].write_end(),
                                            nullptr, size_, SPLICE_F_MOVE));
    return n == static_cast<ssize_t>(size_) || n < 0 ? n : -EIO;
  }

 private:
  const Calls& calls_;
  const size_t size_;
  Fd file_;
  PipeEnds pipes_[2];
  size_t turn_ = 0;
  bool filled_ = false;
};

class TeeAndDiscard : public Work {
 public:
  TeeAndDiscard(const Calls& calls, size_t size)
      : calls_(calls),
        size_(size),
        file_(temporary_file()),
        null_(open_null()),
        source_(calls, size),
        copy_(calls, size) {}
  bool ok() const { return file_.get() >= 0 && null_.get() >= 0 && source_.ok() && copy_.ok(); }

  ssize_t once() override {
    if (!filled_) {
      loff_t start = 0;
      const ssize_t n = calls_.splice(file_.get(), &start, source_.write_end(), nullptr, size_, 0);
      if (n != static_cast<ssize_t>(size_)) return n < 0 ? -errno : -EIO;
      filled_ = true;
    }
    const ssize_t n = checked(calls_.tee(source_.read_end(), copy_.write_end(), size_, 0));
    if (n < 0) return n;
    return drain(calls_, copy_.read_end(), null_.get(), nullptr, static_cast<size_t>(n));
  }

 private:
  const Calls& calls_;
  const size_t size_;
  Fd file_;
  Fd null_;
  PipeEnds source_;
  PipeEnds copy_;
  bool filled_ = false;
};

using Pipes = std::vector<PipeEnds>;

std::shared_ptr<Pipes> make_pipes(const Calls& calls, const Setting& setting) {
  auto pipes = std::make_shared<Pipes>();
  pipes->reserve(setting.pipes);
  while (pipes->size() < setting.pipes) {
    pipes->emplace_back(calls, setting.size);
    if (!pipes->back().ok()) return nullptr;
  }
  return pipes;
}

// Through each of many pipes in turn, all of them alive. Others may use them: each takes out as
// much as it has put in.
class FileToNull : public Work {
 public:
  FileToNull(const Calls& calls, size_t size, std::shared_ptr<Pipes> pipes)
      : calls_(calls),
        size_(size),
        file_(temporary_file()),
        null_(open_null()),
        pipes_(std::move(pipes)) {}
  bool ok() const { return pipes_ != nullptr && file_.get() >= 0 && null_.get() >= 0; }

  ssize_t once() override {
    const PipeEnds& pipe = (*pipes_)[turn_];
    turn_ = turn_ + 1 < pipes_->size() ? turn_ + 1 : 0;
    const ssize_t n = checked(calls_.splice(file_.get(), position_.next(size_), pipe.write_end(),
                                            nullptr, size_, SPLICE_F_MOVE));
    if (n < 0) return n;
    return drain(calls_, pipe.read_end(), null_.get(), nullptr, static_cast<size_t>(n));
  }
  size_t warm_up() const override { return 2 * pipes_->size(); }

 private:
  const Calls& calls_;
  const size_t size_;
  Fd file_;
  Fd null_;
  std::shared_ptr<Pipes> pipes_;
  size_t turn_ = 0;
  Position position_;
};

// Another process reads the pipe.
class SpliceToProcess : public Work {
 public:
  SpliceToProcess(const Calls& calls, size_t size)
      : calls_(calls), size_(size), file_(temporary_file()), pipe_(calls, size) {
    reader_ = reading_peer(pipe_.read_end(), calls.fork);
  }
  bool ok() const { return file_.get() >= 0 && pipe_.ok(); }

  ssize_t once() override {
    return checked(calls_.splice(file_.get(), position_.next(size_), pipe_.write_end(), nullptr,
                                 size_, SPLICE_F_MOVE));
  }

 private:
  const Calls& calls_;
  const size_t size_;
  Fd file_;
  PipeEnds pipe_;
  Peer reader_;
  Position position_;
};

}  // namespace

std::unique_ptr<Work> make_pipe_to_pipe(Side, const Calls& calls, const Setting& setting) {
  return made<PipeToPipe>(calls, setting.size);
}
std::unique_ptr<Work> make_tee_and_discard(Side, const Calls& calls, const Setting& setting) {
  return made<TeeAndDiscard>(calls, setting.size);
}
std::unique_ptr<Work> make_file_to_null(Side side, const Calls& calls, const Setting& setting) {
  if (!setting.one_pipe) {
    return made<FileToNull>(calls, setting.size, make_pipes(calls, setting));
  }
  static std::weak_ptr<Pipes> shared[kSides];
  std::shared_ptr<Pipes> pipes = shared[index_of(side)].lock();
  if (pipes == nullptr) pipes = make_pipes(calls, setting);
  shared[index_of(side)] = pipes;
  return made<FileToNull>(calls, setting.size, std::move(pipes));
}
std::unique_ptr<Work> make_splice_to_process(Side, const Calls& calls, const Setting& setting) {
  return made<SpliceToProcess>(calls, setting.size);
}

}  // namespace anysplice::tools::bench
