#include "core/telemetry/counters.h"

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/shared_file.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

ANYSPLICE_SELDOM Stats own;

}  // namespace

Stats* stats = &own;
const char* const answered_by_names[kCarriers + 2] = {"kernel", "ring", "copy", "nobody",
                                                      "injected"};

bool share_stats(const char* path) {
  const KeepErrno keep;
  void* const memory = map_shared_file(path, sizeof(Stats), Use::kWrite);
  if (memory == nullptr) return false;
  Stats* shared = static_cast<Stats*>(memory);
  uint64_t unset = 0;
  if (!shared->magic.compare_exchange_strong(unset, Stats::kMagic) && unset != Stats::kMagic) {
    sys->munmap(memory, sizeof(Stats));
    return false;
  }
  count(shared->processes);
  stats = shared;
  return true;
}

}  // namespace anysplice
