// A schedule is a piece of code with threads or processes that use the same pipes, run many times
// with delays that a seed chooses. It runs in a process of its own and fails by wrong().
#ifndef ANYSPLICE_TESTS_SCHEDULES_SCHEDULE_H_
#define ANYSPLICE_TESTS_SCHEDULES_SCHEDULE_H_

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/calls/engine.h"

namespace schedules {

constexpr unsigned kNow = SPLICE_F_NONBLOCK;

struct Schedule {
  const char* name;
  void (*run)();
};
std::vector<Schedule>& all();
struct Listed {
  Listed(const char* name, void (*run)()) { all().push_back({name, run}); }
};
#define SCHEDULE(name)                                       \
  static void name();                                        \
  static const schedules::Listed name##_listed(#name, name); \
  static void name()

// Ends the process. From any thread.
[[noreturn]] void wrong(const std::string& what);

// A random number below `limit`, of this thread's own sequence.
uint32_t below(uint32_t limit);

// Starts threads, each with a sequence of its own, and waits for all.
void together(const std::vector<std::function<void()>>& threads);

// From now on this process is killed at the engine's so-many-th point of hesitation.
void die_after(uint32_t points);

// What is done at each of them from now on, in all threads and in children. Null: nothing.
void at_each_point(void (*what)());

struct Pipe {
  explicit Pipe(int flags = 0) {
    int ends[2];
    if (anysplice::pipe2(ends, flags | O_CLOEXEC) != 0) wrong("pipe2");
    r = ends[0];
    w = ends[1];
  }
  int r;
  int w;
};
void close(const Pipe& pipe);

// Bytes of which no two stretches of eight are alike; the same in every process.
std::string_view stream();
// Where in the stream the bytes are; npos if nowhere.
size_t place_of(std::string_view bytes);
// All that can be read now.
std::string drain(int fd);
// Compares, and says whether bytes were lost, doubled or changed their order.
void same(const char* what, std::string_view got, std::string_view want);

}  // namespace schedules

#endif  // ANYSPLICE_TESTS_SCHEDULES_SCHEDULE_H_
