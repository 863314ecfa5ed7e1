// One process of a program: its descriptors on both sides, and the steps, each made on the kernel
// first, then on the engine, and compared at once.
//
// Any difference ends the program; so do the rare cases in which the two may differ but cannot be
// brought together again.
#ifndef ANYSPLICE_TESTS_FUZZ_STAGE_H_
#define ANYSPLICE_TESTS_FUZZ_STAGE_H_

#include <limits.h>
#include <sys/uio.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/fuzz/memory.h"
#include "tests/fuzz/shared.h"
#include "tests/fuzz/step.h"
#include "tests/oracle/calls.h"

namespace fuzz {

enum SideIndex { kKernel = 0, kEngine = 1 };

// What a call said.
struct Answer {
  int64_t n;
  int error;  // errno; of a call that succeeded 0 if it left errno alone
  int signals = 0;
  bool operator==(const Answer&) const = default;
};

struct Var {
  int fd[2] = {-1, -1};
  int object = -1;
  bool reads = false, writes = false;
  bool open() const { return object >= 0; }
};

class Stage {
 public:
  Stage(Shared* shared, const Program& program);

  void act(const Step& step);
  // What is left in everything, by the first process; then closes all.
  void finish();
  int actor() const { return actor_; }
  // Ends the program with a report.
  [[noreturn]] void differ(const std::string& what);

 private:
  // Makes a call again on one side: what is left of its bytes after so many were done.
  struct Rest {
    size_t done = 0, most = SIZE_MAX;
    bool bounded() const { return most < SIZE_MAX; }
    size_t of(size_t length) const { return std::min(length - done, most); }
  };
  using Again = std::function<ssize_t(int side, Rest rest)>;

  // --- stage.cc
  Var& var(int64_t number) { return vars_[number]; }
  Object& object_of(const Var& v);
  // Makes one call; f takes the side.
  template <class F>
  Answer call(int side, F f) {
    before_call();
    const int64_t n = f(side);
    return after_call(n);
  }
  // Makes the call on both sides, which must agree.
  template <class F>
  int64_t both(F f) {
    const Answer answers[] = {call(kKernel, f), call(kEngine, f)};
    agree(answers);
    return answers[0].n;
  }
  void before_call();
  Answer after_call(int64_t n);
  void agree(const Answer answers[2]);
  void observe(const Step& step);
  void look_at(Var& v, int depth);
  [[noreturn]] void end(Verdict verdict);

  // --- making.cc
  int new_object(Object::Kind kind);
  void open_var(Var& v, const int fd[2], int object, bool reads, bool writes);
  void make_pipe(const Step& step);
  void make_fifo(const Step& step);
  void make_file(const Step& step);
  void make_pair(const Step& step);
  void make_device(const Step& step);
  void make_epoll(const Step& step);
  void dup(const Step& step);
  void dup2(const Step& step);
  void close(Var& v);
  void send_fd(const Step& step);

  // --- odd_files.cc
  void make_lonely_fifo(const Step& step);
  void open_again(const Step& step);
  void make_odd(const Step& step);
  void make_terminal(const Step& step);
  void type(const Step& step);
  void arrive_at_terminal(const Var& v);
  bool ends_at_once(const Var& v);

  // --- sockets.cc
  void send(const Step& step);
  void receive(const Step& step);
  void set_option(const Step& step);
  void shut(const Step& step);
  void look_at_socket(const Var& v);
  void arrive(Var& v);

  // --- family.cc
  void took_bytes(Var& in, int64_t n);
  bool no_messages(const Var& out);
  bool lend(const Var& in, const Var& out);
  void splice(const Step& step);
  void tee(const Step& step);
  void vmsplice(const Step& step);
  void sendfile(const Step& step);

  // --- references.cc
  void refer(const Step& step);

  // --- bytes.cc
  size_t take_pattern(size_t& length, int align = -1);
  void read(const Step& step);
  void write(const Step& step);
  void seek(const Step& step);
  void truncate(const Step& step);
  void got_bytes(const Answer answers[2], Var& in, int64_t most = INT64_MAX);
  void put_bytes(Var& out, int64_t n);

  // --- watching.cc
  short comparable(const Var& v, short kernel, short engine);
  void poll(std::vector<Var*> which, short events);
  void select(unsigned which);
  void unread(Var& v);
  void set_nonblock(Var& v, bool on);
  void set_size(Var& v, long size);
  void watch(const Step& step);
  void events(Var& v);

  // --- others.cc
  void fork(int number);
  void drop(int64_t how);
  [[noreturn]] void exit(bool silently);
  void spawn(Var& v, bool writes, size_t length);
  bool stranded(const Var& v);
  void expose(Var& v);
  void stranger(Var& v, bool writes, size_t length);

  // --- waiting.cc: whether a call could wait for ever
  bool ready(const Var& v, short events);
  int bytes_in(const Var& v);
  bool empty(const Var& v);
  bool is_large(const Var& v);
  bool has_room(const Var& v);
  bool nonblocking(const Var& v);
  bool can_take(const Var& v, bool not_waiting);
  bool can_give(const Var& v, size_t length, bool not_waiting);
  bool may_wait_a_little();

  // --- asleep.cc
  bool fill(Var& out);
  Var* waker(const Var& v, bool full);
  Var* only_end(int object, bool writes);
  void wait(const Step& step);

  // --- midway.cc
  void storm(const Step& step);
  void threads(const Step& step);

  // --- full.cc: pipes and sockets that are full on one side and not on the other
  bool slots_known(const Var& v);
  Var* other_end(const Var& v);
  std::string drain(Var& v, int side);
  void get_size(Var& v);
  bool is_full(const Var& out, int side, int64_t n);
  int behind(const Answer answers[2], const Var& out);
  void judge(Answer answers[2], Var& out, const Again& again);
  void judge_tee(Answer answers[2], Var& out, const Again& again);
  void mark_scattered(const Var& in, const Var& out);
  void look_at_slots(const Var& v);

  Shared& shared_;
  const Program& program_;
  const oracle::Calls* calls_[2];
  Var vars_[kVariables];
  int actor_ = 0;
  const Step* step_ = nullptr;
  bool skipped_ = false;
  int lowest_;  // the first free descriptor when all began
};

// How a step splits its bytes: `count` segments from `at` on, the one numbered `bad` at an address
// that no access is allowed to.
std::vector<iovec> segments(const char* at, size_t length, int64_t count, int64_t bad);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_STAGE_H_
