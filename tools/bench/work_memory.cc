// The program's own memory into a pipe.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "tools/bench/moves.h"
#include "tools/bench/work.h"

namespace anysplice::tools::bench {
namespace {

// Memory that begins with a page, as a buffer for vmsplice does: it then takes no slot too many.
class Memory {
 public:
  explicit Memory(size_t size)
      : size_(size),
        data_(mmap(nullptr, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)) {}
  ~Memory() {
    if (ok()) munmap(data_, size_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  bool ok() const { return data_ != MAP_FAILED; }
  char* data() const { return static_cast<char*>(data_); }
  size_t size() const { return size_; }

 private:
  const size_t size_;
  void* const data_;
};

// Data of the program, as long as that is enough: what stays, as most that is sent by vmsplice
// does.
constexpr size_t kData = size_t{1} << 20;
alignas(4096) char own_data[kData];

class Source {
 public:
  explicit Source(size_t size) : size_(size), more_(size > kData ? size : 1) {
    if (size <= kData) memset(own_data, 'd', size);
  }
  bool ok() const { return more_.ok(); }
  char* data() const { return size_ <= kData ? own_data : more_.data(); }
  size_t size() const { return size_; }

 private:
  const size_t size_;
  const Memory more_;
};

// All of a buffer into a pipe by vmsplice.
class FromMemory : public Work {
 public:
  FromMemory(const Calls& calls, size_t size) : calls_(calls), memory_(size), pipe_(calls, size) {}
  bool ok() const { return memory_.ok() && pipe_.ok(); }

 protected:
  ssize_t gather() {
    const iovec iov{memory_.data(), memory_.size()};
    return checked(calls_.vmsplice(pipe_.write_end(), &iov, 1, 0));
  }

  const Calls& calls_;
  const Source memory_;
  PipeEnds pipe_;
};

class VmspliceToNull : public FromMemory {
 public:
  VmspliceToNull(const Calls& calls, size_t size)
      : FromMemory(calls, size), null_(just_made(open("/dev/null", O_WRONLY | O_CLOEXEC))) {}
  bool ok() const { return FromMemory::ok() && null_.get() >= 0; }

  ssize_t once() override {
    const ssize_t n = gather();
    if (n < 0) return n;
    return drain(calls_, pipe_.read_end(), null_.get(), nullptr, static_cast<size_t>(n));
  }

 private:
  Fd null_;
};

class VmspliceToTcp : public FromMemory {
 public:
  VmspliceToTcp(Side side, const Calls& calls, size_t size)
      : FromMemory(calls, size), side_(side), socket_(tcp_connection(true)) {
    sink_ = reading_peer(socket_.far.get(), ::fork);
  }
  bool ok() const { return FromMemory::ok() && socket_.near.get() >= 0; }

  ssize_t once() override {
    if (side_ == Side::kLoop) {
      return checked(::write(socket_.near.get(), memory_.data(), memory_.size()));
    }
    const ssize_t n = gather();
    if (n < 0) return n;
    return drain(calls_, pipe_.read_end(), socket_.near.get(), nullptr, static_cast<size_t>(n));
  }

 private:
  const Side side_;
  Sockets socket_;
  Peer sink_;
};

class VmspliceToRead : public FromMemory {
 public:
  VmspliceToRead(const Calls& calls, size_t size) : FromMemory(calls, size), target_(size) {}
  bool ok() const { return FromMemory::ok() && target_.ok(); }

  ssize_t once() override {
    const ssize_t size = gather();
    for (ssize_t done = 0; done < size;) {
      const ssize_t n = checked(
          calls_.read(pipe_.read_end(), target_.data() + done, static_cast<size_t>(size - done)));
      if (n < 0) return n;
      done += n;
    }
    return size;
  }

 private:
  const Memory target_;
};

// Another process reads the pipe.
class VmspliceToProcess : public FromMemory {
 public:
  VmspliceToProcess(const Calls& calls, size_t size) : FromMemory(calls, size) {
    reader_ = reading_peer(pipe_.read_end(), calls.fork);
  }
  ssize_t once() override { return gather(); }

 private:
  Peer reader_;
};

}  // namespace

std::unique_ptr<Work> make_vmsplice_to_null(Side, const Calls& calls, const Setting& setting) {
  return made<VmspliceToNull>(calls, setting.size);
}
std::unique_ptr<Work> make_vmsplice_to_tcp(Side side, const Calls& calls, const Setting& setting) {
  return made<VmspliceToTcp>(side, calls, setting.size);
}
std::unique_ptr<Work> make_vmsplice_to_read(Side, const Calls& calls, const Setting& setting) {
  return made<VmspliceToRead>(calls, setting.size);
}
std::unique_ptr<Work> make_vmsplice_to_process(Side, const Calls& calls, const Setting& setting) {
  return made<VmspliceToProcess>(calls, setting.size);
}

}  // namespace anysplice::tools::bench
