// A file that a process has mapped to share it with us: counters, rules. The process shows it in
// /proc/PID/maps, so that it makes no difference how it came to have it.
#ifndef ANYSPLICE_TOOLS_MAPPED_FILE_H_
#define ANYSPLICE_TOOLS_MAPPED_FILE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

struct MappedKind {
  absl::string_view what;  // in messages: "counters"
  uint64_t magic;          // its first word; the low byte is the version of its layout
  size_t size;
};

struct MappedFile {
  void* memory = nullptr;  // null: the process has none
  int fd = -1;             // to lock it; stays open
};

// Maps the file of that kind, for reading or for writing too; it stays mapped. The process must be
// this user's; root, too, is led to others' files by nobody. For writing the file must be, too.
absl::StatusOr<MappedFile> mapped_by_process(pid_t pid, const MappedKind& kind, bool writable);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_MAPPED_FILE_H_
