#include "core/sys/thread.h"

#include "core/base/placement.h"

namespace anysplice::thread {

ANYSPLICE_AT_START uint32_t number() {
  static std::atomic<uint32_t> last;
  static thread_local uint32_t mine;
  while (mine == 0) [[unlikely]] {
      mine = (last.fetch_add(1, std::memory_order_relaxed) + 1) & ~(1u << 31);
    }
  return mine;
}

}  // namespace anysplice::thread
