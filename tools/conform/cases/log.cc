#include "tools/conform/cases/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace oracle {

char state_of(int pid, int tid) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return '?';
  const ssize_t n = ::read(fd, line, sizeof line - 1);
  ::close(fd);
  if (n <= 0) return '?';
  line[n] = '\0';
  // The name stands in parentheses and may hold anything; the state follows the last one.
  const char* end = strrchr(line, ')');
  return end != nullptr && end[1] == ' ' ? end[2] : '?';
}

}  // namespace oracle
