// The world of one case: makes descriptors, makes the calls under test on them, and notes
// everything that can be seen of it as lines of text, the outcome of the case.
//
// All descriptors are made and used through one side's calls, so the same case runs on the kernel
// and on the engine. Lives in a process of its own.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_WORLD_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_WORLD_H_

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/call_table.h"
#include "tools/conform/cases/balance.h"
#include "tools/conform/cases/log.h"
#include "tools/conform/cases/text.h"

namespace oracle {

inline constexpr size_t kPage = 4096;
inline constexpr unsigned kNonblock = SPLICE_F_NONBLOCK;

// The header of a part that was left out.
inline constexpr const char* kLeftOut = "left out";

// An offset argument.
struct Offset {
  enum Kind { kNull, kValue, kBadAddress, kReadOnlyAddress } kind = kNull;
  loff_t value = 0;
  const char* name = "";
};
inline constexpr Offset kNone{};
inline constexpr Offset kBad{Offset::kBadAddress, 0, "bad address"};
constexpr Offset at(loff_t value) { return {Offset::kValue, value, ""}; }
constexpr Offset read_only_at(loff_t value) { return {Offset::kReadOnlyAddress, value, ""}; }
std::string to_string(Offset offset);

struct Pipe {
  int r, w;
};
struct Pair {
  int a, b;
};

// Sends until the socket takes no more.
void fill_socket(int fd);

class World {
 public:
  World(const Calls& calls, Log* log, const char* directory);
  ~World();

  const Calls& sys;  // for calls that are means, not under test

  // --- making descriptors; they end with fresh() -------------------------------------------------
  Pipe pipe(int flags = 0);
  Pipe pipe_of(std::string_view data, int flags = 0);
  Pipe full_pipe(int flags = 0);  // every slot a whole page
  Pipe fifo(int read_flags = O_RDONLY, int write_flags = O_WRONLY);
  int file(std::string_view content = "", int flags = O_RDWR);  // already unlinked
  int open(const char* path, int flags);
  Pair sockets(int type, int flags = 0);  // unix
  Pair tcp(int flags = 0);
  Pair udp();
  int dup(int fd) { return keep(sys.dup(fd)); }
  int keep(int fd);
  void forget(int fd);  // closed by the case
  void fresh();         // closes all
  const char* directory() const { return directory_; }

  // --- calls under test: announced to the watcher, made, noted -----------------------------------
  ssize_t splice(int in, Offset off_in, int out, Offset off_out, size_t len, unsigned flags = 0);
  ssize_t splice(int in, int out, size_t len, unsigned flags = 0) {
    return splice(in, kNone, out, kNone, len, flags);
  }
  ssize_t tee(int in, int out, size_t len, unsigned flags = 0);
  ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags = 0);
  ssize_t vmsplice(int fd, std::string_view data, unsigned flags = 0);
  ssize_t sendfile(int out, int in, Offset offset, size_t count);
  ssize_t read(int fd, size_t count);
  ssize_t write(int fd, std::string_view data);
  void poll(int fd, short events, int timeout_ms = 0);
  void select(int fd);
  void readable(int fd);  // FIONREAD
  void set_size(int fd, int size);
  void close(int fd);
  // The next count is noted only as "a part" if it is less than so many: how much a socket takes
  // at a time depends on how the kernel accounts for it.
  void any_part_of(ssize_t n) { part_of_ = n; }
  // Any other call: made by f, which returns what the call returned.
  template <class F>
  long call(const char* name, F f) {
    begin();
    errno = kErrnoBefore;
    const long n = f();
    return end(name, n, errno);
  }

  // --- looking, after the calls ------------------------------------------------------------------
  void note(const char* format, ...) __attribute__((format(printf, 2, 3)));
  std::string rest(const char* label, int fd);  // reads a pipe until it is empty
  void packets(const char* label, int fd);      // the same, also a line for each read
  void content(const char* label, int fd);      // position, size and bytes of a file
  void position(const char* label, int fd);     // only that
  void received(const char* label, int peer, int patience_ms = 0);  // what came out of a socket
  void header(const char* format, ...) __attribute__((format(printf, 2, 3)));
  void leave_out();  // a header that says that this part of the case was not wanted

  // --- waiting -----------------------------------------------------------------------------------
  // The next call under test is expected to block; once it sleeps, the action runs in a thread.
  void when_blocked(std::function<void()> action);
  // For when_blocked(): sends the signal to the thread that makes the calls; whether it is in one.
  void interrupt(int signal);
  bool calling() const { return log_->serial % 2 != 0; }

  // Runs in a forked child and waits for its end.
  void in_child(const std::function<void()>& body);
  // Gives up on the case: the machine cannot do it.
  [[noreturn]] void skip(const char* why);

 private:
  static constexpr int kErrnoBefore = 4000;  // no errno: shows who changed it

  void begin();
  long end(const char* name, long n, int error, const std::string& more = "");
  void append(std::string_view text);
  long family(anysplice::Call call, Move move, const std::function<ssize_t()>& make,
              const char* name, const std::function<std::string()>& more);
  std::string signals();

  Log* log_;
  const char* directory_;
  std::vector<int> open_;
  std::thread releaser_;
  int signals_seen_[64] = {};
  ssize_t part_of_ = 0;
};

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_WORLD_H_
