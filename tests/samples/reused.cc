// Memory that is used again while it is in a pipe, in the ways that --check=reuse must find; and a
// program that waits until it is out, in which it must find nothing.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>

namespace {

constexpr size_t kSize = 16384;

int ends[2];
int out;

void fail(const char* what) {
  perror(what);
  exit(2);
}

[[gnu::noinline]] void put(void* data, size_t size, unsigned flags) {
  iovec part{data, size};
  while (part.iov_len > 0) {
    const ssize_t n = vmsplice(ends[1], &part, 1, flags);
    if (n < 0) fail("vmsplice");
    part = {static_cast<char*>(part.iov_base) + n, part.iov_len - static_cast<size_t>(n)};
  }
}

[[gnu::noinline]] void let_out(size_t size) {
  while (size > 0) {
    const ssize_t n = splice(ends[0], nullptr, out, nullptr, size, 0);
    if (n <= 0) fail("splice");
    size -= static_cast<size_t>(n);
  }
}

// A header that is corrected when the length is known, in the memory that is in the pipe.
[[gnu::noinline]] void send_with_header() {
  static std::array<char, 64> header;
  static std::array<char, 100> body;
  header.fill('h');
  body.fill('b');
  put(header.data(), header.size(), 0);
  put(body.data(), body.size(), 0);
  header[5] = '7';
  header[6] = '8';
  let_out(header.size() + body.size());
}

// A block that is so large that free() unmaps it.
[[gnu::noinline]] void send_and_free() {
  constexpr size_t kLarge = size_t{1} << 20;
  char* const block = static_cast<char*>(malloc(kLarge));
  if (block == nullptr) fail("malloc");
  memset(block, 'f', kLarge);
  put(block, kSize, 0);
  free(block);
  let_out(kSize);
}

char* map() {
  void* const at = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) fail("mmap");
  memset(at, 'm', kSize);
  return static_cast<char*>(at);
}

[[gnu::noinline]] void send_and_unmap() {
  char* const at = map();
  put(at, kSize, 0);
  munmap(at, kSize);
  let_out(kSize);
}

// A pool that gets a buffer back when it is in the pipe, not when it has left it.
struct Pool {
  char buffer[2][4096];
  int free = 2;
  char* take() { return buffer[--free]; }
  void give_back() { ++free; }
};
Pool pool;

[[gnu::noinline]] void send_from_pool(char letter) {
  char* const buffer = pool.take();
  memset(buffer, letter, sizeof(pool.buffer[0]));
  put(buffer, sizeof(pool.buffer[0]), 0);
  pool.give_back();
}

[[gnu::noinline]] void send_messages() {
  for (const char letter : {'1', '2', '3'}) send_from_pool(letter);
  let_out(3 * sizeof(pool.buffer[0]));
}

// Everything above, as it should be done.
[[gnu::noinline]] void send_carefully() {
  static std::array<char, kSize> buffer;
  for (const char letter : {'1', '2', '3'}) {
    buffer.fill(letter);
    put(buffer.data(), buffer.size(), 0);
    let_out(buffer.size());
  }
  char* const block = static_cast<char*>(malloc(kSize));
  memset(block, 'c', kSize);
  put(block, kSize, 0);
  let_out(kSize);
  free(block);
  char* const gift = map();
  put(gift, kSize, SPLICE_F_GIFT);
  munmap(gift, kSize);
  let_out(kSize);
}

constexpr struct {
  const char* name;
  void (*make)();
} kMistakes[] = {{"changed", send_with_header},
                 {"freed", send_and_free},
                 {"unmapped", send_and_unmap},
                 {"pool", send_messages},
                 {"none", send_carefully}};

}  // namespace

int main(int argc, char** argv) {
  void (*make)() = nullptr;
  for (const auto& mistake : kMistakes) {
    if (argc == 3 && strcmp(argv[1], mistake.name) == 0) make = mistake.make;
  }
  if (make == nullptr) {
    fprintf(stderr, "usage: %s changed|freed|unmapped|pool|none OUT\n", argv[0]);
    return 2;
  }
  out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (out < 0 || pipe(ends) != 0) fail(argv[2]);
  make();
  return 0;
}
