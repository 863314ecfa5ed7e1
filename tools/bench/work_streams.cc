// Files and sockets through a pipe, and sendfile.
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "tools/bench/moves.h"
#include "tools/bench/work.h"

namespace anysplice::tools::bench {
namespace {

// The user's own loop: all that was read is written.
ssize_t write_out(int to, const char* data, ssize_t n) {
  for (ssize_t done = 0; done < n;) {
    const ssize_t m = ::write(to, data + done, static_cast<size_t>(n - done));
    if (m <= 0) return checked(m);
    done += m;
  }
  return n;
}

class FileToTcp : public Work {
 public:
  FileToTcp(Side side, const Calls& calls, size_t size, bool delay = true)
      : calls_(calls), side_(side), size_(size), file_(temporary_file()), pipe_(calls, size) {
    socket_ = tcp_connection(delay);
    sink_ = reading_peer(socket_.far.get(), ::fork);
    if (side == Side::kLoop) buffer_.resize(size);
  }
  bool ok() const { return file_.get() >= 0 && pipe_.ok() && socket_.near.get() >= 0; }

  ssize_t once() override {
    loff_t* at = position_.next(size_);
    if (side_ == Side::kLoop) {
      const ssize_t n = checked(pread(file_.get(), buffer_.data(), size_, *at));
      if (n > 0) *at += n;
      return n > 0 ? write_out(socket_.near.get(), buffer_.data(), n) : n;
    }
    const ssize_t n =
        checked(calls_.splice(file_.get(), at, pipe_.write_end(), nullptr, size_, SPLICE_F_MOVE));
    if (n < 0) return n;
    return drain(calls_, pipe_.read_end(), socket_.near.get(), nullptr, static_cast<size_t>(n));
  }

 protected:
  const Calls& calls_;
  const Side side_;
  const size_t size_;
  Fd file_;
  PipeEnds pipe_;
  Sockets socket_;
  Peer sink_;
  Position position_;
  std::vector<char> buffer_;
};

class SendfileToTcp : public FileToTcp {
 public:
  using FileToTcp::FileToTcp;
  ssize_t once() override {
    if (side_ == Side::kLoop) return FileToTcp::once();
    return checked(calls_.sendfile(socket_.near.get(), file_.get(), position_.next(size_), size_));
  }
};

class TcpToTcp : public Work {
 public:
  TcpToTcp(Side side, const Calls& calls, size_t size)
      : calls_(calls), side_(side), size_(size), pipe_(calls, size) {
    in_ = tcp_connection(true);
    out_ = tcp_connection(true);
    source_ = writing_peer(in_.far.get(), ::fork);
    sink_ = reading_peer(out_.far.get(), ::fork);
    if (side == Side::kLoop) buffer_.resize(size);
  }
  bool ok() const { return pipe_.ok() && in_.near.get() >= 0 && out_.near.get() >= 0; }

  ssize_t once() override {
    if (side_ == Side::kLoop) {
      const ssize_t n = checked(::read(in_.near.get(), buffer_.data(), size_));
      return n > 0 ? write_out(out_.near.get(), buffer_.data(), n) : n;
    }
    const ssize_t n = checked(
        calls_.splice(in_.near.get(), nullptr, pipe_.write_end(), nullptr, size_, SPLICE_F_MOVE));
    if (n < 0) return n;
    return drain(calls_, pipe_.read_end(), out_.near.get(), nullptr, static_cast<size_t>(n));
  }

 private:
  const Calls& calls_;
  const Side side_;
  const size_t size_;
  PipeEnds pipe_;
  Sockets in_;
  Sockets out_;
  Peer source_;
  Peer sink_;
  std::vector<char> buffer_;
};

// One byte at a time. Both far ends are ours: they are filled and emptied kBatch bytes at a time,
// so that nearly all of the time is the relay's.
class ByteRelay : public Work {
 public:
  ByteRelay(Side side, const Calls& calls) : calls_(calls), side_(side), pipe_(calls, 1) {
    in_ = tcp_connection(false);
    out_ = tcp_connection(false);
  }
  bool ok() const { return pipe_.ok() && in_.near.get() >= 0 && out_.near.get() >= 0; }

  ssize_t once() override {
    char bytes[kBatch] = {};
    if (left_ == 0) {
      if (started_ && recv(out_.far.get(), bytes, kBatch, MSG_WAITALL) != kBatch) return -EIO;
      if (send(in_.far.get(), bytes, kBatch, 0) != kBatch) return -EIO;
      left_ = kBatch;
      started_ = true;
    }
    --left_;
    if (side_ == Side::kLoop) {
      const ssize_t n = checked(::read(in_.near.get(), bytes, 1));
      return n > 0 ? write_out(out_.near.get(), bytes, n) : n;
    }
    const ssize_t n = checked(
        calls_.splice(in_.near.get(), nullptr, pipe_.write_end(), nullptr, 1, SPLICE_F_MOVE));
    return n > 0 ? drain(calls_, pipe_.read_end(), out_.near.get(), nullptr, 1) : n;
  }

 private:
  static constexpr int kBatch = 64;
  const Calls& calls_;
  const Side side_;
  PipeEnds pipe_;
  Sockets in_;
  Sockets out_;
  int left_ = 0;
  bool started_ = false;
};

class FileToFile : public Work {
 public:
  FileToFile(Side side, const Calls& calls, size_t size)
      : calls_(calls),
        side_(side),
        size_(size),
        in_(temporary_file()),
        out_(temporary_file()),
        pipe_(calls, size) {
    if (side == Side::kLoop) buffer_.resize(size);
  }
  bool ok() const { return in_.get() >= 0 && out_.get() >= 0 && pipe_.ok(); }

  ssize_t once() override {
    loff_t* from = from_.next(size_);
    loff_t* to = to_.next(size_);
    if (side_ == Side::kLoop) {
      const ssize_t n = checked(pread(in_.get(), buffer_.data(), size_, *from));
      if (n < 0) return n;
      *from += n;
      const ssize_t m = pwrite(out_.get(), buffer_.data(), static_cast<size_t>(n), *to);
      *to += n;
      return m == n ? n : -EIO;
    }
    const ssize_t n =
        checked(calls_.splice(in_.get(), from, pipe_.write_end(), nullptr, size_, SPLICE_F_MOVE));
    return n > 0 ? drain(calls_, pipe_.read_end(), out_.get(), to, static_cast<size_t>(n)) : n;
  }

 private:
  const Calls& calls_;
  const Side side_;
  const size_t size_;
  Fd in_;
  Fd out_;
  PipeEnds pipe_;
  Position from_;
  Position to_;
  std::vector<char> buffer_;
};

}  // namespace

std::unique_ptr<Work> make_file_to_tcp(Side side, const Calls& calls, const Setting& setting) {
  return made<FileToTcp>(side, calls, setting.size);
}
std::unique_ptr<Work> make_file_to_tcp_nodelay(Side side, const Calls& calls,
                                               const Setting& setting) {
  return made<FileToTcp>(side, calls, setting.size, false);
}
std::unique_ptr<Work> make_sendfile_to_tcp(Side side, const Calls& calls, const Setting& setting) {
  return made<SendfileToTcp>(side, calls, setting.size);
}
std::unique_ptr<Work> make_tcp_to_tcp(Side side, const Calls& calls, const Setting& setting) {
  return made<TcpToTcp>(side, calls, setting.size);
}
std::unique_ptr<Work> make_file_to_file(Side side, const Calls& calls, const Setting& setting) {
  return made<FileToFile>(side, calls, setting.size);
}
std::unique_ptr<Work> make_byte_relay(Side side, const Calls& calls, const Setting&) {
  return made<ByteRelay>(side, calls);
}

}  // namespace anysplice::tools::bench
