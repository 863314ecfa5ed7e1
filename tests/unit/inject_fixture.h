// What the tests of decisions need: a specification in force, and calls to decide about.
#ifndef ANYSPLICE_TESTS_UNIT_INJECT_FIXTURE_H_
#define ANYSPLICE_TESTS_UNIT_INJECT_FIXTURE_H_

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "core/calls/engine.h"
#include "core/inject/inject.h"
#include "core/inject/process.h"
#include "core/inject/spec.h"
#include "tests/catch.h"

namespace anysplice::inject {

// A specification in force, while it lives, in a process that has made no call yet.
class Injected {
 public:
  explicit Injected(const char* spec, Mode mode = Mode::kEmulate) {
    SpecError error;
    INFO(spec);
    REQUIRE(parse_spec(spec, plan_.get(), &error));
    become_child();  // counts begin anew
    set_mode(mode, ENOSYS);
    start(*plan_, "unit");
  }
  ~Injected() {
    stop();
    set_mode(Mode::kAuto, ENOSYS);
  }

 private:
  std::unique_ptr<Plan> plan_ = std::make_unique<Plan>();
};

struct Pipe {
  explicit Pipe(int flags = 0) { REQUIRE(anysplice::pipe2(ends, flags) == 0); }
  ~Pipe() {
    for (const int fd : ends) anysplice::close(fd);
  }
  void fill(size_t bytes) {
    const std::string data(bytes, 'x');
    REQUIRE(anysplice::write(ends[1], data.data(), bytes) == static_cast<ssize_t>(bytes));
  }
  int ends[2];
};

struct File {
  File() : fd(memfd_create("unit", MFD_CLOEXEC)) { REQUIRE(fd >= 0); }
  ~File() { ::close(fd); }
  int fd;
};

using Results = std::vector<ssize_t>;

// What splices of `length` bytes out of a pipe that has as many give: counts, or -errno.
inline Results splices(int times, size_t length = 1000, unsigned flags = 0) {
  Results results;
  const File file;
  for (int i = 0; i < times; ++i) {
    Pipe pipe;
    pipe.fill(length);
    const ssize_t n = anysplice::splice(pipe.ends[0], nullptr, file.fd, nullptr, length, flags);
    results.push_back(n < 0 ? -errno : n);
  }
  return results;
}

}  // namespace anysplice::inject

#endif  // ANYSPLICE_TESTS_UNIT_INJECT_FIXTURE_H_
