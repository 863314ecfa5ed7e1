#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "core/memory/user_memory.h"
#include "core/sys/guarded_copy.h"
#include "core/sys/memory.h"
#include "core/sys/system_copy.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

// Two pages of the system, of which the second may not be touched.
struct HalfBad {
  char* start;
  HalfBad() : start(static_cast<char*>(map_memory(2 * system_page(), Sharing::kPrivate))) {
    memset(start, 'x', system_page());
    mprotect(start + system_page(), system_page(), PROT_NONE);
  }
  ~HalfBad() { unmap_memory(start, 2 * system_page()); }
  char* before_bad(size_t length) const { return start + system_page() - length; }
  char* bad() const { return start + system_page(); }
};

void handle(int, siginfo_t* info, void* context) {
  if (!on_fault(info, context)) abort();
}

// The handlers that guarded_copy() wants, instead of the test framework's.
struct Handlers {
  struct sigaction kept[2];
  Handlers() {
    struct sigaction guard {};
    guard.sa_sigaction = handle;
    guard.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaction(SIGSEGV, &guard, &kept[0]);
    sigaction(SIGBUS, &guard, &kept[1]);
  }
  ~Handlers() {
    sigaction(SIGSEGV, &kept[0], nullptr);
    sigaction(SIGBUS, &kept[1], nullptr);
  }
};

// qemu-user has no process_vm_readv(2).
bool system_copies() {
  char from = 'x';
  char to = 0;
  const iovec ours{&to, 1};
  const iovec theirs{&from, 1};
  return system_copy::from_program(&ours, 1, &theirs, 1) != -ENOSYS;
}

}  // namespace

TEST_CASE("a guarded copy ends at the first bad address") {
  const HalfBad memory;
  const Handlers handlers;
  std::string good(3 * system_page(), 'y');
  CHECK(guarded_copy(good.data(), memory.before_bad(100), 100) == 100);
  CHECK(guarded_copy(good.data(), memory.before_bad(100), 300) == 100);
  CHECK(good.compare(0, 101, std::string(100, 'x') + 'y') == 0);
  CHECK(guarded_copy(good.data(), memory.bad(), 8) == 0);
  // Twice, so that nothing of the first fault is left over.
  CHECK(guarded_copy(memory.before_bad(7), good.data(), 2 * system_page()) == 7);
  CHECK(guarded_copy(memory.bad(), good.data(), 1) == 0);
  CHECK(guarded_copy(memory.start, good.data(), system_page()) == system_page());
  CHECK(memcmp(memory.start, good.data(), system_page()) == 0);
}

TEST_CASE("the system's copy ends at the first bad address") {
  if (!system_copies()) return;
  const HalfBad memory;
  std::string good(3 * system_page(), 'y');
  const iovec ours{good.data(), good.size()};
  const iovec theirs[] = {{memory.start, 10}, {memory.before_bad(100), 300}};
  CHECK(system_copy::from_program(&ours, 1, theirs, 1) == 10);
  CHECK(system_copy::from_program(&ours, 1, theirs, 2) == 110);
  CHECK(good.compare(0, 111, std::string(110, 'x') + 'y') == 0);
  CHECK(system_copy::to_program(&ours, 1, theirs, 2) == 110);
  CHECK(memcmp(memory.before_bad(100), good.data() + 10, 100) == 0);
  const iovec bad{memory.bad(), 10};
  errno = ERANGE;
  CHECK(system_copy::from_program(&ours, 1, &bad, 1) == -EFAULT);
  CHECK(system_copy::to_program(&ours, 1, &bad, 1) == -EFAULT);
  CHECK(system_copy::readable(memory.before_bad(8)));
  CHECK_FALSE(system_copy::readable(memory.bad()));
  CHECK(system_copy::writable(memory.before_bad(8), 8));
  CHECK(system_copy::writable(memory.before_bad(4), 4));
  CHECK_FALSE(system_copy::writable(memory.before_bad(4), 8));
  CHECK_FALSE(system_copy::writable(memory.bad(), 8));
  CHECK_FALSE(system_copy::writable(memory.bad(), 4));
}

TEST_CASE("memory is looked at up to its last byte and no further") {
  const HalfBad memory;
  CHECK(check_readable(memory.before_bad(1), 1) == 0);
  CHECK(check_readable(memory.before_bad(9), 9) == 0);
  CHECK(check_readable(memory.before_bad(9), 10) == -EFAULT);
  CHECK(check_readable(memory.bad(), 1) == -EFAULT);
  CHECK(check_readable(memory.bad(), 0) == 0);
}

TEMPLATE_TEST_CASE("an offset of the program's at the end of its memory", "", int32_t, int64_t) {
  const HalfBad memory;
  auto* const last = reinterpret_cast<TestType*>(memory.before_bad(sizeof(TestType)));
  *last = -77;
  int64_t value = 0;
  CHECK(load_offset(last, &value) == 0);
  CHECK(value == -77);
  CHECK(store_offset(last, 88) == 0);
  CHECK(*last == 88);
  CHECK(load_offset(reinterpret_cast<TestType*>(memory.bad()), &value) == -EFAULT);
  CHECK(store_offset(reinterpret_cast<TestType*>(memory.bad()), 1) == -EFAULT);
  CHECK(load_offset(static_cast<TestType*>(nullptr), &value) == -EFAULT);
  CHECK(store_offset(static_cast<TestType*>(nullptr), 1) == -EFAULT);
}

TEST_CASE("nothing is copied from where nothing is asked for") {
  if (!system_copies()) return;
  const HalfBad memory;
  char good[4] = "";
  const iovec ours{good, sizeof(good)};
  const iovec nothing{memory.bad(), 0};
  CHECK(system_copy::from_program(&ours, 1, &nothing, 1) == 0);
  CHECK(system_copy::to_program(&ours, 1, &nothing, 1) == 0);
}

TEST_CASE("the system copies more than a pipe holds") {
  if (!system_copies()) return;
  std::string from(300 * 1000, 'a');
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<char>('a' + i % 23);
  std::string to(from.size(), '\0');
  const iovec ours{to.data(), to.size()};
  const iovec theirs[] = {{from.data(), 1}, {from.data() + 1, from.size() - 1}};
  CHECK(system_copy::from_program(&ours, 1, theirs, 2) == static_cast<ssize_t>(from.size()));
  CHECK((to == from));  // not to be shown
}

}  // namespace anysplice
