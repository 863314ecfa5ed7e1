// raw_calls splice|tee|vmsplice|sendfile IN OUT: copies a file by the named call, asked for by its
// number through syscall(), as programs do that do not trust their C library to have it.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <vector>

namespace {

constexpr size_t kChunk = 65536;
constexpr void* kNoOffset = nullptr;

struct Pipe {
  Pipe() { valid = pipe(ends) == 0; }
  int ends[2];
  bool valid;
};

// Moves exactly len bytes out of a pipe.
bool drain(int from, int to, long len) {
  while (len > 0) {
    const long moved = syscall(SYS_splice, from, kNoOffset, to, kNoOffset, len, 0);
    if (moved <= 0) return false;
    len -= moved;
  }
  return true;
}

bool copy_by_splice(int in, int out) {
  Pipe pipe;
  long moved = pipe.valid ? 1 : -1;
  while (moved > 0) {
    moved = syscall(SYS_splice, in, kNoOffset, pipe.ends[1], kNoOffset, kChunk, SPLICE_F_MOVE);
    if (moved > 0 && !drain(pipe.ends[0], out, moved)) return false;
  }
  return moved == 0;
}

// File to pipe, pipe teed to a second pipe, which goes out; the first pipe's bytes are read and
// must be the same ones.
bool copy_by_tee(int in, int out) {
  Pipe first, second;
  if (!first.valid || !second.valid) return false;
  std::vector<char> written(kChunk), left(kChunk);
  for (;;) {
    const ssize_t len = read(in, written.data(), kChunk);
    if (len <= 0) return len == 0;
    if (write(first.ends[1], written.data(), len) != len) return false;
    const long teed = syscall(SYS_tee, first.ends[0], second.ends[1], kChunk, 0);
    if (teed != len || !drain(second.ends[0], out, teed)) return false;
    if (read(first.ends[0], left.data(), kChunk) != len) return false;
    if (memcmp(left.data(), written.data(), len) != 0) return false;
  }
}

// User memory into a pipe, and out of it into other user memory.
bool copy_by_vmsplice(int in, int out) {
  Pipe pipe;
  if (!pipe.valid) return false;
  std::vector<char> source(kChunk), target(kChunk);
  for (;;) {
    const ssize_t len = read(in, source.data(), kChunk);
    if (len <= 0) return len == 0;
    iovec from = {source.data(), static_cast<size_t>(len)};
    // A buffer that starts inside a page fills a slot of the pipe more, so it may take two turns.
    while (from.iov_len > 0) {
      const long sent = syscall(SYS_vmsplice, pipe.ends[1], &from, 1, 0);
      if (sent <= 0) return false;
      iovec to = {target.data(), static_cast<size_t>(sent)};
      if (syscall(SYS_vmsplice, pipe.ends[0], &to, 1, 0) != sent) return false;
      if (write(out, target.data(), sent) != sent) return false;
      from.iov_base = static_cast<char*>(from.iov_base) + sent;
      from.iov_len -= sent;
    }
  }
}

bool copy_by_sendfile(int in, int out) {
  off_t offset = 0;
  for (;;) {
    const long moved = syscall(SYS_sendfile, out, in, &offset, kChunk);
    if (moved <= 0) return moved == 0;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int in = open(argv[2], O_RDONLY);
  const int out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (in < 0 || out < 0) {
    perror("open");
    return 1;
  }
  struct {
    const char* name;
    bool (*copy)(int in, int out);
  } constexpr kCalls[] = {{"splice", copy_by_splice},
                          {"tee", copy_by_tee},
                          {"vmsplice", copy_by_vmsplice},
                          {"sendfile", copy_by_sendfile}};
  for (const auto& call : kCalls) {
    if (strcmp(argv[1], call.name) != 0) continue;
    if (call.copy(in, out)) return 0;
    perror(call.name);
    return 1;
  }
  return 2;
}
