#include "tests/fuzz/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tests/fuzz/memory.h"

namespace fuzz {
namespace {

constexpr char kName[] = "--helper";

struct Told {
  long n;
  int error;
};

}  // namespace

bool run_helper(int fd, bool writes, size_t from, size_t length, long* n, std::string* bytes) {
  const int kept = errno;
  int answer[2];
  if (::pipe2(answer, O_CLOEXEC) != 0) return false;
  ::fcntl(answer[1], F_SETFD, 0);
  const std::string words[] = {std::to_string(fd), writes ? "1" : "0", std::to_string(from),
                               std::to_string(length), std::to_string(answer[1])};
  char name[] = "/proc/self/exe", helper[sizeof kName];
  memcpy(helper, kName, sizeof kName);
  char* argv[8] = {name, helper};
  for (size_t i = 0; i < std::size(words); ++i) argv[2 + i] = const_cast<char*>(words[i].c_str());
  pid_t pid;
  const bool started = ::posix_spawn(&pid, name, nullptr, nullptr, argv, environ) == 0;
  ::close(answer[1]);
  Told told = {-1, EIO};
  bool good = started && ::read(answer[0], &told, sizeof told) == sizeof told;
  if (good && !writes && told.n > 0) {
    bytes->resize(static_cast<size_t>(told.n));
    good = ::read(answer[0], bytes->data(), bytes->size()) == told.n;
  }
  ::close(answer[0]);
  int status = 0;
  if (started) ::waitpid(pid, &status, 0);
  *n = told.n;
  errno = told.n < 0 ? told.error : kept;
  return good && status == 0;
}

bool is_helper(int argc, char** argv) { return argc == 7 && strcmp(argv[1], kName) == 0; }

int helper_main(char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const int fd = atoi(argv[2]);
  const bool writes = atoi(argv[3]) != 0;
  const size_t from = strtoul(argv[4], nullptr, 10), length = strtoul(argv[5], nullptr, 10);
  std::string bytes = writes ? pattern_at(from, length) : std::string(length, '\0');
  Told told;
  told.n = writes ? ::write(fd, bytes.data(), length) : ::read(fd, bytes.data(), length);
  told.error = errno;
  std::string answer(reinterpret_cast<char*>(&told), sizeof told);
  if (!writes && told.n > 0) answer.append(bytes, 0, static_cast<size_t>(told.n));
  const int out = atoi(argv[6]);
  return ::write(out, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size()) ? 0 : 1;
}

}  // namespace fuzz
