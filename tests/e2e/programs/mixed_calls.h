// Random calls of the splice family, by libc's names and by instructions of the program's own,
// mixed on two pipes, of which every byte is compared with a model. What is wrong is printed, and
// ends the program.
//
// An object of World is one thread's.
#ifndef ANYSPLICE_TESTS_E2E_PROGRAMS_MIXED_CALLS_H_
#define ANYSPLICE_TESTS_E2E_PROGRAMS_MIXED_CALLS_H_

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>

#include "own_call.h"

namespace mixed_calls {

inline constexpr size_t kMost = 20000;

using ByNumber = long (*)(long, long, long, long, long, long, long);
// How the program's own calls are made.
inline ByNumber past = [](long n, long a, long b, long c, long d, long e, long f) {
  return own_call(n, a, b, c, d, e, f);
};

inline void fail(const char* what) {
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}

struct Pipe {
  int ends[2];
  std::string bytes;  // what must be in it
};

class World {
 public:
  World(unsigned seed, bool seen) : draw_(seed) {
    for (Pipe& pipe : pipes_) {
      const long error = seen ? ::pipe(pipe.ends) : own_call(SYS_pipe2, as_word(pipe.ends), 0);
      if (error != 0) fail("pipe");
    }
    char name[] = "/tmp/past_library.XXXXXX";
    file_ = mkstemp(name);
    if (file_ < 0) fail("mkstemp");
    unlink(name);
    for (size_t i = 0; i < 3 * kMost; ++i) source_.push_back(static_cast<char>(draw_()));
    if (pwrite(file_, source_.data(), source_.size(), 0) != static_cast<ssize_t>(source_.size())) {
      fail("pwrite");
    }
  }

  void step() {
    Pipe& pipe = pipes_[draw_() % 2];
    Pipe& other = &pipe == &pipes_[0] ? pipes_[1] : pipes_[0];
    const size_t size = 1 + draw_() % kMost;
    switch (draw_() % 8) {
      case 0:
        return put_in(pipe, size);
      case 1:
        return send_file(pipe, size);
      case 2:
        return write_from(pipe, size);
      case 3:
        return duplicate(pipe, other, size);
      case 4:
        return take_out(pipe, size);
      case 5:
        return pass_on(pipe, other, size);
      case 6:
        return read_some(pipe, size);
      default:
        if (draw_() % 16 == 0) fork_reader(pipe);
    }
  }

  void end() {
    for (Pipe& pipe : pipes_) {
      while (!pipe.bytes.empty()) read_some(pipe, kMost);
    }
  }

 private:
  template <typename T>
  static long as_word(T* pointer) {
    return reinterpret_cast<long>(pointer);
  }
  bool own() { return draw_() % 2 == 0; }

  // How many bytes were moved; those of a call that would have had to wait: none.
  static size_t count(long n, const char* what) {
    if (n < 0 && errno != EAGAIN) fail(what);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }

  size_t splice(int from, int64_t* at, int to, int64_t* to_at, size_t size, const char* what) {
    const long n = own() ? past(SYS_splice, from, as_word(at), to, as_word(to_at),
                                static_cast<long>(size), SPLICE_F_NONBLOCK)
                         : ::splice(from, at, to, to_at, size, SPLICE_F_NONBLOCK);
    return count(n, what);
  }

  void put_in(Pipe& pipe, size_t size) {
    int64_t at = static_cast<int64_t>(draw_() % kMost);
    const auto from = static_cast<size_t>(at);
    const size_t n = splice(file_, &at, pipe.ends[1], nullptr, size, "splice in");
    if (at != static_cast<int64_t>(from + n)) fail("offset");
    pipe.bytes += source_.substr(from, n);
  }

  // It has no flag for not waiting: so there must be room.
  void send_file(Pipe& pipe, size_t size) {
    if (pipe.bytes.size() > 1000) return;
    while (!pipe.bytes.empty()) read_some(pipe, kMost);
    int64_t at = static_cast<int64_t>(draw_() % kMost);
    const auto from = static_cast<size_t>(at);
    const long n =
        own() ? past(SYS_sendfile, pipe.ends[1], file_, as_word(&at), static_cast<long>(size), 0, 0)
              : ::sendfile(pipe.ends[1], file_, &at, size);
    pipe.bytes += source_.substr(from, count(n, "sendfile"));
  }

  void write_from(Pipe& pipe, size_t size) {
    const size_t from = draw_() % kMost;
    iovec part{source_.data() + from, size};
    const long n =
        own() ? past(SYS_vmsplice, pipe.ends[1], as_word(&part), 1, SPLICE_F_NONBLOCK, 0, 0)
              : ::vmsplice(pipe.ends[1], &part, 1, SPLICE_F_NONBLOCK);
    pipe.bytes += source_.substr(from, count(n, "vmsplice"));
  }

  void duplicate(Pipe& from, Pipe& to, size_t size) {
    const long n = own() ? past(SYS_tee, from.ends[0], to.ends[1], static_cast<long>(size),
                                SPLICE_F_NONBLOCK, 0, 0)
                         : ::tee(from.ends[0], to.ends[1], size, SPLICE_F_NONBLOCK);
    to.bytes += from.bytes.substr(0, count(n, "tee"));
  }

  void take_out(Pipe& pipe, size_t size) {
    int64_t at = static_cast<int64_t>(source_.size());
    compare(pipe, splice(pipe.ends[0], nullptr, file_, &at, size, "splice out"), "spliced");
  }
  void compare(Pipe& pipe, size_t n, const char* what) {
    std::string got(n, '\0');
    if (pread(file_, got.data(), n, static_cast<off_t>(source_.size())) !=
        static_cast<ssize_t>(n)) {
      fail("pread");
    }
    check(pipe, got, what);
  }

  void pass_on(Pipe& from, Pipe& to, size_t size) {
    const size_t n = splice(from.ends[0], nullptr, to.ends[1], nullptr, size, "splice");
    to.bytes += from.bytes.substr(0, n);
    from.bytes.erase(0, n);
  }

  void read_some(Pipe& pipe, size_t size) {
    if (pipe.bytes.empty()) return;
    std::string got(size, '\0');
    ssize_t n;
    do {
      n = ::read(pipe.ends[0], got.data(), size);
    } while (n < 0 && errno == EINTR);
    got.resize(count(n, "read"));
    if (got.empty()) fail("read nothing");
    check(pipe, got, "read");
  }

  // The child takes a few bytes, and its parent goes on with the rest.
  void fork_reader(Pipe& pipe) {
    const size_t size = std::min<size_t>(pipe.bytes.size(), 100);
    const bool child_own = own();
    const pid_t child = fork();
    if (child == 0) {
      int64_t at = static_cast<int64_t>(source_.size());
      for (size_t done = 0; done < size;) {
        const long n =
            child_own ? past(SYS_splice, pipe.ends[0], 0, file_, as_word(&at),
                             static_cast<long>(size - done), SPLICE_F_NONBLOCK)
                      : ::splice(pipe.ends[0], nullptr, file_, &at, size - done, SPLICE_F_NONBLOCK);
        if (n <= 0) _exit(1);
        done += static_cast<size_t>(n);
      }
      _exit(0);
    }
    int status = 1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) fail("the child took less");
    compare(pipe, size, "child");
  }

  static void check(Pipe& pipe, const std::string& got, const char* what) {
    if (pipe.bytes.compare(0, got.size(), got) != 0) {
      printf("%s: other bytes than expected among %zu of %zu\n", what, got.size(),
             pipe.bytes.size());
      exit(1);
    }
    pipe.bytes.erase(0, got.size());
  }

  std::minstd_rand draw_;
  std::string source_;
  int file_ = -1;
  Pipe pipes_[2];
};

}  // namespace mixed_calls

#endif  // ANYSPLICE_TESTS_E2E_PROGRAMS_MIXED_CALLS_H_
