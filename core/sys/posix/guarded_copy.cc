// By siglongjmp(3) out of the handler. What it leaves is memcpy(3), which is async-signal-safe.
#include "core/sys/guarded_copy.h"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "core/sys/memory.h"

namespace anysplice {
namespace {

struct Copy {
  sigjmp_buf out;
  uintptr_t to;
  uintptr_t from;
  size_t length;
};

thread_local Copy* volatile under_way;

// Whether a fault's address lies in a stretch. Some machines tell the page only (s390x), and some
// nothing of an address that no memory can have (x86-64).
bool within(uintptr_t fault, uintptr_t start, size_t length) {
  if (fault == 0) return true;
  const uintptr_t page = system_page();
  return fault / page >= start / page && fault / page <= (start + length - 1) / page;
}

// What is left of the page that an address lies in: as far as it can be read or written, or cannot.
size_t to_page_end(uintptr_t address) { return system_page() - address % system_page(); }

}  // namespace

size_t guarded_copy(void* to, const void* from, size_t length) {
  if (length == 0) return 0;
  Copy copy;
  copy.to = reinterpret_cast<uintptr_t>(to);
  copy.from = reinterpret_cast<uintptr_t>(from);
  copy.length = length;
  // A handler may run this while the code it interrupted is in here too.
  Copy* const outer = under_way;
  volatile size_t done = 0;
  if (sigsetjmp(copy.out, 0) == 0) {
    under_way = &copy;
    while (done < length) {
      const size_t n =
          std::min({length - done, to_page_end(copy.to + done), to_page_end(copy.from + done)});
      memcpy(static_cast<char*>(to) + done, static_cast<const char*>(from) + done, n);
      done = done + n;
    }
  }
  under_way = outer;
  return done;
}

bool on_fault(siginfo_t* info, void*) {
  Copy* const copy = under_way;
  // Somebody sent it, or it is of code that a signal handler runs in the middle of a copy.
  if (copy == nullptr || info->si_code <= 0) return false;
  const auto fault = reinterpret_cast<uintptr_t>(info->si_addr);
  if (!within(fault, copy->to, copy->length) && !within(fault, copy->from, copy->length)) {
    return false;
  }
  siglongjmp(copy->out, 1);
}

}  // namespace anysplice
