#include "core/inject/journal.h"

#include "core/base/keep_errno.h"
#include "core/inject/generator.h"
#include "core/sys/shared_file.h"
#include "core/sys/sys.h"

namespace anysplice::inject {
namespace {

Journal* journal = nullptr;

}  // namespace

bool open_journal(const char* path) {
  const KeepErrno keep;
  void* const memory = map_shared_file(path, sizeof(Journal), Use::kWrite);
  if (memory == nullptr) return false;
  if (static_cast<Journal*>(memory)->magic != Journal::kMagic) {
    sys->munmap(memory, sizeof(Journal));
    return false;
  }
  journal = static_cast<Journal*>(memory);
  return true;
}

bool journal_open() { return journal != nullptr; }
bool journal_everything() { return journal != nullptr && journal->everything != 0; }

uint32_t count_start(const char* program) {
  if (journal == nullptr) return 1;
  const uint64_t wanted = mix_text(0, program) | 1;
  for (size_t i = 0; i < Journal::kStarts; ++i) {
    Journal::Start& start = journal->start[(wanted + i) % Journal::kStarts];
    uint64_t found = 0;
    if (start.program.compare_exchange_strong(found, wanted) || found == wanted) {
      return start.count.fetch_add(1) + 1;
    }
  }
  return 1;
}

Entry* new_entry() {
  if (journal == nullptr) return nullptr;
  const uint64_t index = journal->used.fetch_add(1, std::memory_order_relaxed);
  return index < Journal::kEntries ? &journal->entry[index] : nullptr;
}

}  // namespace anysplice::inject
