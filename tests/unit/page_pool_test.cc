#include "core/memory/page_pool.h"

#include <signal.h>
#include <string.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <vector>

#include "core/sys/memory.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

struct Pool {
  explicit Pool(size_t pages)
      : size(PagePool::bytes_for(pages)),
        memory(map_memory(size, Sharing::kPrivate)),
        pool(PagePool::create(memory, pages)) {}
  ~Pool() { unmap_memory(memory, size); }

  size_t size;
  void* memory;
  PagePool* pool;
};

}  // namespace

TEST_CASE("a pool hands out every page once, in runs") {
  Pool p(128);
  std::set<char*> seen;
  size_t pages = 0;
  for (size_t got; char* first = p.pool->take(16, &got); pages += got) {
    REQUIRE(got == 16);
    for (size_t i = 0; i < got; ++i) REQUIRE(seen.insert(first + i * kPage).second);
  }
  CHECK(pages == 128);
  for (char* page : seen) p.pool->put(page);
  size_t got;
  CHECK(p.pool->take(64, &got) == *seen.begin());
  CHECK(got == 64);
}

TEST_CASE("pages of several words and chunks are put at once; those with another reference stay") {
  Pool p(128);
  p.pool->grow_up_to(2);
  std::vector<char*> pages;
  size_t got;
  while (pages.size() < 256) pages.push_back(p.pool->take(1, &got));
  for (uint32_t i = 0; i < 256; ++i) REQUIRE(p.pool->number(pages[i]) == i);
  p.pool->set_origins(pages[40], 80, 0x100000);
  CHECK(p.pool->with_origin() == 80);
  CHECK(p.pool->origin(pages[119]) == 0x100000 + 79 * kPage);
  p.pool->get(pages[100]);
  p.pool->get(pages[200]);
  p.pool->put(pages[30], 200);  // words 0 to 3, both chunks
  CHECK(p.pool->used() == 256 - 200 + 2);
  CHECK(p.pool->with_origin() == 1);
  CHECK(p.pool->origin(pages[100]) == 0x100000 + 60 * kPage);
  CHECK(p.pool->origin(pages[99]) == 0);
  std::set<char*> again;
  while (char* page = p.pool->take(1, &got)) again.insert(page);
  CHECK(again.size() == 198);
  CHECK(!again.contains(pages[29]));
  CHECK(again.contains(pages[30]));
  CHECK(!again.contains(pages[100]));
  CHECK(!again.contains(pages[200]));
  CHECK(again.contains(pages[229]));
  CHECK(!again.contains(pages[230]));
}

TEST_CASE("a run that has to be whole comes of a fresh chunk, where there may be one") {
  for (const size_t chunks : {1, 2}) {
    CAPTURE(chunks);
    Pool p(64);
    p.pool->grow_up_to(chunks);
    size_t got;
    char* const all = p.pool->take(64, &got);
    REQUIRE(got == 64);
    for (size_t i = 0; i < 64; i += 2) p.pool->put(all + i * kPage);
    char* const whole = p.pool->take_whole(16);
    CHECK((whole != nullptr) == (chunks == 2));
    CHECK(p.pool->used() == 32 + (whole != nullptr ? 16 : 0));
    if (whole != nullptr) CHECK(p.pool->number(whole) == 64);
    CHECK(p.pool->take_whole(1) == all);
    CHECK(p.pool->take_whole(65) == nullptr);
  }
}

TEST_CASE("a pool prefers whole runs, then takes what there is") {
  Pool p(64);
  size_t got;
  char* all = p.pool->take(64, &got);
  REQUIRE(got == 64);
  for (size_t i : {1, 2, 10, 11, 12, 40}) p.pool->put(all + i * kPage);
  CHECK(p.pool->take(3, &got) == all + 10 * kPage);
  CHECK(got == 3);
  CHECK(p.pool->take(3, &got) == all + 1 * kPage);
  CHECK(got == 2);
  CHECK(p.pool->take(3, &got) == all + 40 * kPage);
  CHECK(got == 1);
  CHECK(p.pool->take(1, &got) == nullptr);
}

TEST_CASE("a page with two references is free after two puts") {
  Pool p(64);
  size_t got;
  char* page = p.pool->take(1, &got);
  p.pool->get(page);
  p.pool->put(page);
  CHECK(p.pool->take(1, &got) == page + kPage);
  p.pool->put(page);
  CHECK(p.pool->take(1, &got) == page);
}

TEST_CASE("pages given back when a pool runs empty read as zero, and only those") {
  constexpr size_t kPages = 2048;
  Pool p(kPages);
  std::vector<char*> runs;
  size_t got;
  while (char* run = p.pool->take(64, &got)) {
    memset(run, 'x', got * kPage);
    runs.push_back(run);
  }
  REQUIRE(runs.size() == kPages / 64);
  for (char* run : runs) {
    for (size_t i = 0; i < 64; ++i) p.pool->put(run + i * kPage);
  }
  size_t kept = 0;
  for (size_t i = 0; i < kPages; ++i) kept += runs[0][i * kPage] == 'x';
  CHECK(kept <= (can_give_back() ? 512 : kPages));
}

TEST_CASE("what shares a page of the system with bytes in use is not given back") {
  constexpr size_t kPages = 2048;
  Pool p(kPages);
  std::vector<char*> pages;
  size_t got;
  while (char* page = p.pool->take(1, &got)) {
    *page = 'x';
    pages.push_back(page);
  }
  REQUIRE(pages.size() == kPages);
  for (size_t i = 0; i < kPages; ++i) {
    if (i % 16 != 3) p.pool->put(pages[i]);
  }
  for (size_t i = 3; i < kPages; i += 16) CHECK(*pages[i] == 'x');
}

TEST_CASE("threads never share a page of a pool") {
  constexpr size_t kPages = 64;  // in one word, and too few for all
  Pool p(kPages);
  std::atomic<int> holders[kPages] = {};
  std::atomic<bool> twice = false;
  const auto holder = [&](const char* page) -> std::atomic<int>& {
    return holders[p.pool->number(page)];
  };
  const auto work = [&](size_t seed) {
    std::vector<char*> mine;
    const auto put_half = [&] {
      for (size_t left = mine.size() / 2; mine.size() > left; mine.pop_back()) {
        --holder(mine.back());
        p.pool->put(mine.back());
      }
    };
    for (size_t round = 0; round < 20000; ++round) {
      size_t got;
      char* const run = p.pool->take(1 + (round + seed) % 7, &got);
      for (size_t i = 0; run != nullptr && i < got; ++i) {
        mine.push_back(run + i * kPage);
        if (holder(mine.back())++ != 0) twice = true;
      }
      if (run == nullptr || mine.size() > 16) put_half();
    }
    while (!mine.empty()) put_half();
  };
  std::thread others[] = {std::thread(work, 1), std::thread(work, 2), std::thread(work, 3)};
  work(0);
  for (std::thread& other : others) other.join();
  CHECK(!twice);
  size_t got;
  size_t pages = 0;
  while (p.pool->take(64, &got)) pages += got;
  CHECK(pages == kPages);
}

#if defined(__x86_64__)
namespace {

// Executed by the trap flag one instruction at a time: what happens after the n-th of them.
std::function<void()> in_between;
int steps;
int interrupted_at;

void at_instruction(int) {
  if (steps++ == interrupted_at) in_between();
}

[[gnu::noinline]] void by_steps(const std::function<void()>& work) {
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n pushfq\n orq $0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
          : "memory", "cc");
  work();
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n pushfq\n andq $~0x100, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
          : "memory", "cc");
}

}  // namespace

// Threads only happen to meet; a handler comes wherever one wants.
TEST_CASE("a handler that takes or puts a page between any two instructions of another",
          "[stepping]") {
  const bool put_first = GENERATE(true, false);
  const bool put_then = GENERATE(true, false);
  CAPTURE(put_first, put_then);
  struct sigaction stepping {};
  struct sigaction before {};
  stepping.sa_handler = at_instruction;
  REQUIRE(sigaction(SIGTRAP, &stepping, &before) == 0);
  bool reached = true;
  for (interrupted_at = 0; reached; ++interrupted_at) {
    Pool p(64);
    size_t got;
    // A hole on either side of what is put.
    char* const all = p.pool->take(8, &got);
    std::set<char*> held;
    for (size_t i = 0; i < 8; ++i) held.insert(all + i * kPage);
    const auto put = [&](char* page) {
      held.erase(page);
      p.pool->put(page);
    };
    put(all);
    put(all + 7 * kPage);
    char* taken[2] = {};
    const auto work = [&](bool puts, size_t which) {
      size_t n;
      if (puts) {
        p.pool->put(all + (2 + which) * kPage);
      } else {
        taken[which] = p.pool->take(1, &n);
      }
    };
    reached = false;
    in_between = [&] {
      reached = true;
      work(put_then, 1);
    };
    steps = 0;
    by_steps([&] { work(put_first, 0); });
    if (put_first) held.erase(all + 2 * kPage);
    if (put_then && reached) held.erase(all + 3 * kPage);
    bool twice = false;
    for (char* page : taken) twice |= page != nullptr && !held.insert(page).second;
    while (char* page = p.pool->take(1, &got)) twice |= !held.insert(page).second;
    CAPTURE(interrupted_at);
    CHECK(!twice);
    CHECK(held.size() == 64);
  }
  CHECK(interrupted_at > 10);
  in_between = nullptr;
  REQUIRE(sigaction(SIGTRAP, &before, nullptr) == 0);
}
#endif

}  // namespace anysplice
