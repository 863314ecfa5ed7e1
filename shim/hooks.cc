#include "shim/hooks.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/calls/descriptors.h"
#include "core/memory/guarded_signals.h"
#include "core/memory/user_memory.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/page.h"
#include "core/sys/sys.h"

namespace anysplice::shim {
namespace {

// A path's text, which the kernel or libc has just read. False if it is longer than any that is
// looked for.
bool copy_path(const char* from, char (&to)[128]) {
  for (char& byte : to) {
    byte = *from++;
    if (byte == '\0') return true;
  }
  return false;
}

// The number at the end of /dev/fd/N, /proc/self/fd/N or /proc/PID/fd/N; -1 for other paths.
int descriptor_in(const char* path) {
  if (strcmp(path, "/dev/stdin") == 0) return 0;
  const char* digits = nullptr;
  if (strncmp(path, "/dev/fd/", 8) == 0) {
    digits = path + 8;
  } else if (strncmp(path, "/proc/", 6) == 0) {
    const char* fd = strstr(path, "/fd/");
    if (fd != nullptr) digits = fd + 4;
  }
  if (digits == nullptr || *digits == '\0') return -1;
  int number = 0;
  for (; *digits != '\0'; ++digits) {
    if (*digits < '0' || *digits > '9' || number > 1 << 20) return -1;
    number = number * 10 + (*digits - '0');
  }
  return number;
}

}  // namespace

void opened(const char* path) {
  if (path == nullptr || (pipe_high() == 0 && !held_bytes::any())) return;
  char text[128]{};
  if (!copy_path(path, text)) return;
  const int fd = descriptor_in(text);
  if (fd >= 0) expose(fd, SettleReason::kOpen);
}

void reading(FILE* file) {
  if (pipe_high() == 0 && !held_bytes::any()) return;
  const int fd = fileno(file);
  if (held_bytes::any() || fd_entry(fd).ours()) expose(fd, SettleReason::kStdio);
}

void starting(const aiocb* job) { expose(job->aio_fildes, SettleReason::kAio); }

void starting(const aiocb* const* jobs, int count) {
  for (int i = 0; i < count; ++i) {
    if (jobs[i] != nullptr && jobs[i]->aio_lio_opcode != LIO_NOP) starting(jobs[i]);
  }
}

}  // namespace anysplice::shim
