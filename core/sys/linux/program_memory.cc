#include "core/sys/program_memory.h"

#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/memory.h"

namespace anysplice::program_memory {
namespace {

ANYSPLICE_AT_START uintptr_t down(uintptr_t at) { return at / system_page() * system_page(); }
ANYSPLICE_AT_START uintptr_t up(uintptr_t at) { return down(at + system_page() - 1); }

struct Areas {
  Area* at;
  size_t count;
  size_t most;
};

ANYSPLICE_AT_START int note_object(dl_phdr_info* info, size_t, void* into) {
  auto* const areas = static_cast<Areas*>(into);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) == 0) continue;
    if (areas->count == areas->most) return 1;
    const uintptr_t start = info->dlpi_addr + part.p_vaddr;
    areas->at[areas->count++] = {down(start), up(start + part.p_memsz)};
  }
  return 0;
}

}  // namespace

ANYSPLICE_AT_START size_t data(Area* areas, size_t most) {
  Areas found{areas, 0, most};
  dl_iterate_phdr(note_object, &found);
  return found.count;
}

ANYSPLICE_AT_START Area stack() {
  // Below the stack the kernel leaves more than that free on 64 bits. (Its limit would have to be
  // asked for by a system call.)
  constexpr uintptr_t kSize = sizeof(void*) > 4 ? uintptr_t{64} << 20 : uintptr_t{8} << 20;
  // What the kernel put at its top.
  const uintptr_t random_bytes = getauxval(AT_RANDOM);
  if (random_bytes == 0) return {0, 0};
  const uintptr_t top = up(random_bytes);
  return {top - kSize, top};
}

Area heap(uintptr_t end_of_data) {
  const KeepErrno keep;
  // Not a system call, but for musl.
  const auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  return {end_of_data, end == UINTPTR_MAX ? 0 : down(end)};
}

}  // namespace anysplice::program_memory
