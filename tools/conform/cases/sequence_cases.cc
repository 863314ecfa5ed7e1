// Long sequences of calls on a few pipes, drawn from a seed: what no table thinks of.
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <random>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

// Draws without the standard distributions, which differ between libraries.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  // Mostly small, sometimes around a page.
  unsigned length() {
    switch (below(4)) {
      case 0:
        return below(10);
      case 1:
        return kPage - 5 + below(10);
      default:
        return below(1500);
    }
  }

 private:
  std::mt19937 engine_;
};

// A pipe and what must be in it, by what the calls said.
struct Tracked : Pipe {
  std::string content;

  void put(const std::string& data, ssize_t n) {
    if (n > 0) content.append(data, 0, static_cast<size_t>(n));
  }
  void take(ssize_t n) {
    if (n > 0) content.erase(0, static_cast<size_t>(n));
  }
};

class Play {
 public:
  Play(World& w, unsigned seed, size_t most)
      : w_(w), dice_(seed), most_(most), source_(bytes(100000, seed)) {
    for (Tracked& p : pipes_) {
      static_cast<Pipe&>(p) = w.pipe(O_NONBLOCK);
      if (most > 0) w.sys.fcntl(p.w, F_SETPIPE_SZ, 1 << 20);
    }
    in_ = w.file(source_);
    out_ = w.file("");
    pair_ = w.sockets(SOCK_STREAM, SOCK_NONBLOCK);
  }

  void step() {
    Tracked &a = pipes_[dice_.below(3)], &b = pipes_[dice_.below(3)];
    const unsigned n = dice_.length();
    switch (dice_.below(15)) {
      case 0:
        if (room(a, n)) a.put(bytes(n, n), w_.write(a.w, bytes(n, n)));
        break;
      case 1:
        a.take(w_.read(a.r, n));
        break;
      case 2:
        if (room(a, n)) {
          const size_t from = static_cast<size_t>(lseek(in_, 0, SEEK_CUR));
          a.put(source_.substr(from), w_.splice(in_, a.w, n, kNonblock));
        }
        break;
      case 3:
        if (room(a, n)) {
          const unsigned from = dice_.below(100000);
          a.put(source_.substr(from), w_.splice(in_, at(from), a.w, kNone, n, kNonblock));
        }
        break;
      case 4:
        a.take(w_.splice(a.r, out_, n, kNonblock));
        break;
      case 5:
        a.take(w_.splice(a.r, kNone, out_, at(dice_.below(1000)), n, kNonblock));
        break;
      case 6:
      case 7:
        if (room(b, n)) {
          const ssize_t moved = w_.splice(a.r, b.w, n, kNonblock);
          b.put(a.content, moved);
          a.take(moved);
        }
        break;
      case 8:
      case 9:
        if (room(b, n)) b.put(a.content, w_.tee(a.r, b.w, n, kNonblock));
        break;
      case 10:
        if (room(a, n)) a.put(bytes(n, n + 1), w_.vmsplice(a.w, bytes(n, n + 1), kNonblock));
        break;
      case 11:
        vmsplice_out(a, n);
        break;
      case 12:
        if (room(a, n)) {
          const unsigned from = dice_.below(100000);
          a.put(source_.substr(from), w_.sendfile(a.w, in_, at(from), n));
        }
        break;
      case 13:
        a.take(w_.splice(a.r, pair_.a, n, kNonblock));
        w_.received("peer", pair_.b);
        break;
      case 14:
        w_.readable(a.r);
        w_.poll(a.r, POLLIN);
        break;
    }
  }

  void look() {
    for (const Tracked& p : pipes_) {
      if (w_.rest("pipe", p.r) != p.content) w_.note("%sthe pipe's content)", kWrong);
    }
    w_.content("out", out_);
    w_.position("in", in_);
  }

 private:
  // Whether so many more bytes may go in; far below the capacity slots do not matter.
  bool room(Tracked& p, size_t n) {
    int held = 0;
    w_.sys.ioctl(p.r, FIONREAD, &held);
    if (most_ == 0 || static_cast<size_t>(held) + n <= most_) return true;
    p.take(w_.splice(p.r, out_, 2 * kPage, kNonblock));
    return false;
  }

  void vmsplice_out(Tracked& p, size_t n) {
    std::string memory(n, '.');
    const iovec iov[] = {{memory.data(), n / 3}, {memory.data() + n / 3, n - n / 3}};
    p.take(w_.vmsplice(p.r, iov, 2, kNonblock));
    w_.note("memory: %s", describe(memory).c_str());
  }

  World& w_;
  Dice dice_;
  const size_t most_;
  const std::string source_;
  Tracked pipes_[3];
  int in_, out_;
  Pair pair_;
};

std::vector<Case> sequences(const char* name, unsigned seeds, int steps, size_t most,
                            const std::vector<Allowed>& allowed = {}) {
  std::vector<Case> cases;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    cases.push_back({name + std::to_string(seed),
                     [=](World& w) {
                       Play play(w, seed, most);
                       for (int i = 0; i < steps; ++i) play.step();
                       play.look();
                     },
                     allowed});
  }
  return cases;
}

}  // namespace

// A few pages of bytes in pipes of 256 slots, more than there are calls: nothing ever gets full.
GROUP("sequences: calls in any order, with room") {
  check(sequences("sequence with room ", 150, 120, 3 * kPage));
}

GROUP("sequences: calls in any order, up to full pipes") {
  check(sequences("sequence up to full ", 150, 120, 0, {kMerges}));
}

}  // namespace oracle
