// What hazard programs are made of. A program is a set of cases, each run in a process of its own:
//
//   HAZARD(tee_then_close) { ... CHECK_EQ(read(fd, ...), 5); ... }
//
// The same cases run on the kernel and under anysplice: nothing here knows which it is.
#ifndef ANYSPLICE_TESTS_HAZARDS_HAZARD_H_
#define ANYSPLICE_TESTS_HAZARDS_HAZARD_H_

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <functional>
#include <sstream>
#include <string>
#include <string_view>

namespace hazard {

struct Listed {
  Listed(const char* name, void (*run)());
};
// Listed cases are run by the runner; roles only by rerun().
#define HAZARD(name)                                      \
  static void name();                                     \
  static const hazard::Listed name##_listed(#name, name); \
  static void name()
#define ROLE(name)                                            \
  static void name();                                         \
  static const hazard::Listed name##_listed("@" #name, name); \
  static void name()

[[noreturn]] void fail(const char* file, int line, const std::string& what);
[[noreturn]] void skip(const std::string& reason);

// For failure messages: not all of a megabyte.
template <typename T>
std::string shown(const T& value) {
  std::ostringstream text;
  text << value;
  std::string all = text.str();
  return all.size() > 80 ? all.substr(0, 80) + "... (" + std::to_string(all.size()) + ")" : all;
}

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) hazard::fail(__FILE__, __LINE__, #condition); \
  } while (false)
#define CHECK_EQ(expression, expected)                                                          \
  do {                                                                                          \
    const auto& got_ = (expression);                                                            \
    const auto& want_ = (expected);                                                             \
    if (!(got_ == want_)) {                                                                     \
      hazard::fail(__FILE__, __LINE__,                                                          \
                   #expression " is " + hazard::shown(got_) + ", not " + hazard::shown(want_)); \
    }                                                                                           \
  } while (false)
#define CHECK_FAILS(expression, expected_errno)                                       \
  do {                                                                                \
    errno = 0;                                                                        \
    const long got_ = static_cast<long>(expression);                                  \
    if (got_ != -1 || errno != (expected_errno)) {                                    \
      hazard::fail(__FILE__, __LINE__, #expression " gives " + std::to_string(got_)); \
    }                                                                                 \
  } while (false)

struct Pipe {
  explicit Pipe(int flags = 0);
  int r;
  int w;
};

// A pipe with bytes that are no longer where the kernel put them, if anybody emulates: tee has
// looked at them. The copy has them too.
struct Teed {
  explicit Teed(std::string_view bytes);
  Pipe copy;
  Pipe pipe;
};

// Writes all of it; reads so many bytes, fewer only at end of file.
void put(int fd, std::string_view bytes);
std::string take(int fd, size_t length);
// Bytes that look different at every place.
std::string pattern(size_t length, unsigned seed = 1);
// An unnamed file of these bytes in the scratch folder, at position 0.
int file_of(std::string_view bytes, int flags = O_RDWR);
// Whether poll(2) finds those events at once.
short ready(int fd, short events, int timeout_ms = 0);

// Runs a function in a forked child, killed if we end; finish() waits for it to have done well.
pid_t start(const std::function<void()>& what);
void finish(pid_t child);
// Runs a role of this program, executed anew, with that stdin.
pid_t rerun(const char* role, const std::string& argument, int input);
const std::string& argument();
// A program of the same folder.
std::string neighbour(const char* name);

// How much more is to be done than usual: HAZARD_TIMES, for long runs by hand.
int times();

void sleep_ms(int ms);
double seconds();

// A system call by inline assembly, which nothing can interpose.
long raw_syscall(long number, long a, long b, long c);

}  // namespace hazard

#endif  // ANYSPLICE_TESTS_HAZARDS_HAZARD_H_
