#include "core/memory/page_pool.h"

#include <string.h>

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
        pool(PagePool::create(memory, pages, Sharing::kPrivate)) {}
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
  Pool p(256);
  const auto work = [&](char mark) {
    for (int round = 0; round < 20000; ++round) {
      size_t got;
      char* run = p.pool->take(1 + static_cast<size_t>(round) % 16, &got);
      if (run == nullptr) continue;
      for (size_t i = 0; i < got; ++i) run[i * kPage] = mark;
      for (size_t i = 0; i < got; ++i) {
        if (run[i * kPage] != mark) FAIL_CHECK("page handed out twice");
        p.pool->put(run + i * kPage);
      }
    }
  };
  std::thread other(work, 'b');
  work('a');
  other.join();
  size_t got;
  size_t pages = 0;
  while (p.pool->take(64, &got)) pages += got;
  CHECK(pages == 256);
}

}  // namespace anysplice
