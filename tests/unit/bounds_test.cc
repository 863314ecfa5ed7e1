// What the engine takes is bounded, and beyond it nothing is moved or lost (docs/security.md).
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "core/calls/engine.h"
#include "core/memory/user_memory.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/policy/mode.h"
#include "core/sys/platform.h"
#include "core/sys/splice_flags.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

constexpr size_t kMostPipes = 1024;
constexpr size_t kFewPages = 256;
constexpr size_t kMostRingBytes = 1 << 30;

// Runs it in a child, which may use everything up. What it says is wrong, or nothing.
std::string in_child(const std::function<std::string()>& what) {
  int report[2];
  if (::pipe(report) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    alarm(30);
    const std::string wrong = what();
    const ssize_t n = ::write(report[1], wrong.data(), wrong.size());
    _exit(n < 0 ? 1 : 0);
  }
  ::close(report[1]);
  char said[200];
  const ssize_t n = ::read(report[0], said, sizeof(said));
  ::close(report[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) return "it did not end well: " + std::to_string(status);
  return std::string(said, n > 0 ? static_cast<size_t>(n) : 0);
}

bool allow_descriptors(rlim_t count) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < count) return false;
  limit.rlim_cur = count;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// Pipes that the engine did not make, and one that takes what is seen of them.
struct World {
  int seen[2];
  std::vector<std::pair<int, int>> pipes;  // read and write ends

  explicit World(bool rings = true) {
    set_mode(Mode::kEmulate, ENOSYS);
    allow_rings(rings);
    if (anysplice::pipe(seen) != 0) _exit(1);
  }
  int add(const std::string& bytes) {
    int ends[2];
    if (::pipe(ends) != 0 ||
        ::write(ends[1], bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      _exit(1);
    }
    pipes.emplace_back(ends[0], ends[1]);
    return ends[0];
  }
  // A look at the bytes of a pipe, after which they are held; what tee says, or -errno.
  ssize_t look(int fd, size_t length) {
    const ssize_t n = tee(fd, seen[1], length, kSpliceNonblock);
    if (n < 0) return -errno;
    std::string rest(length, 0);
    return anysplice::read(seen[0], rest.data(), length) == n ? n : -1;
  }
  std::string content(int fd, size_t most) {
    std::string bytes(most, 0);
    const ssize_t n = anysplice::read(fd, bytes.data(), most);
    bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return bytes;
  }
};

size_t held_of(int fd) {
  PipeId id;
  size_t bytes = 0;
  return pipe_id(fd, &id) && held_bytes::holds(id, &bytes) ? bytes : 0;
}

std::string too_many_pipes() {
  World w;
  for (size_t i = 0; i < kMostPipes; ++i) {
    if (w.look(w.add("x"), 1) != 1) return "the bytes of " + std::to_string(i) + " pipes only";
  }
  const int more = w.add("more");
  if (w.look(more, 4) != -ENOMEM) return "one pipe more";
  if (splice(more, nullptr, w.seen[1], nullptr, 4, kSpliceNonblock) != -1 || errno != ENOMEM) {
    return "one pipe more for splice";
  }
  if (w.content(more, 10) != "more") return "bytes of it are gone";
  // A place that becomes free is of use.
  if (w.content(w.pipes[7].first, 10) != "x") return "held bytes are gone";
  const int next = w.add("next");
  if (w.look(next, 4) != 4) return "no use of a free place";
  if (w.content(next, 10) != "next") return "bytes of the next are gone";
  for (size_t i = 0; i < kMostPipes; ++i) {
    if (i != 7 && w.content(w.pipes[i].first, 10) != "x") return "held bytes are gone after all";
  }
  return "";
}

// A tee between two pipes of the kernel needs two places.
std::string too_many_pipes_for_two() {
  World w(false);
  for (size_t i = 0; i < kMostPipes - 1; ++i) {
    if (w.look(w.add("x"), 1) != 1) return "the bytes of " + std::to_string(i) + " pipes only";
  }
  const int more = w.add("more");
  if (w.look(more, 4) != -ENOMEM) return "one pipe more";
  if (w.content(more, 10) != "more") return "bytes of it are gone";
  for (const auto& [fd, unused] : w.pipes) {
    if (fd != more && w.content(fd, 10) != "x") return "held bytes are gone after all";
  }
  return "";
}

// Leaves rings only so many pages.
void leave_pages(size_t left) {
  size_t got = 0;
  std::vector<char*> pages;
  while (char* page = ring_pool()->take(1, &got)) pages.push_back(page);
  for (size_t i = 0; i < left; ++i) ring_pool()->put(pages[i]);
}

// What is held lies in the pages that rings use: here only few of them are left.
std::string too_many_bytes() {
  constexpr size_t kMostBytes = kFewPages * kPage;
  World w;
  leave_pages(kFewPages);
  size_t refused = 0;
  for (size_t i = 0; i < kMostBytes / 65536 + 20; ++i) {
    const ssize_t n = w.look(w.add(std::string(65536, static_cast<char>('a' + i % 26))), 65536);
    if (n == -ENOMEM) ++refused;
    if (n < 0 && n != -ENOMEM) return "another error";
  }
  if (refused < 19) return "more than was to be";
  size_t held = 0;
  for (const auto& [fd, unused] : w.pipes) held += held_of(fd);
  if (held > kMostBytes) return std::to_string(held) + " bytes are held";
  if (held < kMostBytes / 2) return std::to_string(held) + " bytes only";
  for (size_t i = 0; i < w.pipes.size(); ++i) {
    std::string all;
    while (all.size() < 65536) {
      const std::string part = w.content(w.pipes[i].first, 65536);
      if (part.empty()) break;
      all += part;
    }
    if (all != std::string(65536, static_cast<char>('a' + i % 26))) return "bytes are lost";
  }
  return "";
}

std::string all_ring_pages() {
  World w;
  size_t pages = 0;
  size_t got = 0;
  while (ring_pool()->take(64, &got) != nullptr) pages += got;
  if (pages == 0) return "none";
  return pages * kPage > kMostRingBytes ? "more than was to be" : "";
}

// A ring that is to be larger when so many pages are left, too few for its slots, is settled.
std::string few_pages_for_slots(int size, size_t left) {
  World w;
  int ends[2];
  const std::string bytes(5000, 'r');
  if (anysplice::pipe(ends) != 0) return "no pipe";
  const iovec segment{const_cast<char*>(bytes.data()), bytes.size()};
  if (anysplice::vmsplice(ends[1], &segment, 1, kSpliceNonblock) != 5000) return "no vmsplice";
  leave_pages(left);
  const int granted = anysplice::fcntl(ends[0], F_SETPIPE_SZ, size);
  if (granted != size && errno != EPERM) return "not resized";
  return w.content(ends[0], 6000) == bytes ? "" : "bytes are lost";
}

}  // namespace

TEST_CASE("bytes of 1024 pipes are held, and a look at one more moves nothing") {
  if (kPosixPlatform) return;  // it sees less, by other means
  if (!allow_descriptors(3000)) return;
  if (char copy; copy_from_user(&copy, "c", 1) == 1) {  // else no ring lasts (qemu-user)
    CHECK(in_child(too_many_pipes) == "");
  }
  CHECK(in_child(too_many_pipes_for_two) == "");
}

TEST_CASE("no more is held than there are pages, and the rest stays where it is") {
  if (kPosixPlatform) return;
  if (!allow_descriptors(3000)) return;
  CHECK(in_child(too_many_bytes) == "");
}

TEST_CASE("a ring for whose new size there are too few pages") {
  if (kPosixPlatform) return;
  CHECK(in_child([] { return few_pages_for_slots(1 << 20, 0); }) == "");
  CHECK(in_child([] { return few_pages_for_slots(4 << 20, 1); }) == "");
}

TEST_CASE("rings have no more than 1 GiB of addresses") { CHECK(in_child(all_ring_pages) == ""); }

}  // namespace anysplice
