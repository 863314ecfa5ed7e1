// A thread that gets a table of descriptors of its own: numbers no longer mean the same in all.
#include <sched.h>

#include <thread>

#include "hazard.h"

using namespace hazard;

namespace {

// The pipe's bytes stay, whatever another thread makes of its own numbers.
void part_by(void (*part)(const Teed&)) {
  const Teed teed("abcdef");
  std::thread([&] {
    part(teed);
    const int null = open("/dev/null", O_RDWR);
    for (const int fd : {teed.pipe.r, teed.pipe.w, teed.copy.r, teed.copy.w}) {
      CHECK_EQ(dup2(null, fd), fd);
    }
    CHECK_FAILS(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 10, 0), EINVAL);
  }).join();
  CHECK_EQ(take(teed.pipe.r, 2), "ab");
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 1, 0), 1);
  put(teed.pipe.w, "ghi");
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 6);
  CHECK_EQ(take(teed.pipe.r, 6), "defghi");
  CHECK_EQ(take(teed.copy.r, 13), "abcdefcdefghi");
}

}  // namespace

HAZARD(by_unshare) {
  part_by([](const Teed&) { CHECK_EQ(unshare(CLONE_FILES), 0); });
}

HAZARD(by_unshare_and_close) {
  part_by([](const Teed& teed) {
    CHECK_EQ(unshare(CLONE_FILES), 0);
    CHECK_EQ(close(teed.pipe.r), 0);
    CHECK_EQ(close(teed.pipe.w), 0);
  });
}

HAZARD(by_close_range) {
  part_by([](const Teed&) { CHECK_EQ(close_range(3, ~0u, CLOSE_RANGE_UNSHARE), 0); });
}

HAZARD(alone) {
  const Teed teed("abcdef");
  CHECK_EQ(unshare(CLONE_FILES), 0);
  CHECK_EQ(take(teed.pipe.r, 6), "abcdef");
  CHECK_EQ(take(teed.copy.r, 6), "abcdef");
}
