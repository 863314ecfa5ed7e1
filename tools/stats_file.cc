#include "tools/stats_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/block.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

void add_line(absl::string_view key, const Counter& counter, std::string* out) {
  absl::StrAppend(out, key, " ", counter.load(std::memory_order_relaxed), "\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<StatsFile>> StatsFile::create() {
  const char* folder = secure_getenv("TMPDIR");
  std::string path = absl::StrCat(folder != nullptr && *folder == '/' ? folder : "/tmp",
                                  "/anysplice-stats-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return system_failure(absl::StrCat("cannot create ", path), errno);
  absl::Cleanup shut = [fd] { close(fd); };
  void* memory = MAP_FAILED;
  if (ftruncate(fd, sizeof(Stats)) == 0) {
    memory = mmap(nullptr, sizeof(Stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (memory == MAP_FAILED) {
    const int error = errno;
    unlink(path.c_str());
    return system_failure(absl::StrCat("cannot use ", path), error);
  }
  // A file of zeros is a Stats with all counters at zero.
  auto* stats = static_cast<Stats*>(memory);
  stats->magic = Stats::kMagic;
  return std::unique_ptr<StatsFile>(new StatsFile(std::move(path), stats));
}

StatsFile::~StatsFile() {
  munmap(stats_, sizeof(Stats));
  unlink(path_.c_str());
}

std::string format_stats(const Stats& stats) {
  std::string out;
  for (size_t i = 0; i < kCalls; ++i) {
    const CallCounters& call = stats.call[i];
    add_line(absl::StrCat(kCallNames[i], ".native_calls"), call.native_calls, &out);
    add_line(absl::StrCat(kCallNames[i], ".native_bytes"), call.native_bytes, &out);
    add_line(absl::StrCat(kCallNames[i], ".engine_calls"), call.engine_calls, &out);
    add_line(absl::StrCat(kCallNames[i], ".engine_bytes"), call.engine_bytes, &out);
  }
  add_line("processes", stats.processes, &out);
  add_line("rings", stats.rings, &out);
  add_line("ring_bytes", stats.ring_bytes, &out);
  add_line("settles", stats.settles, &out);
  add_line("settled_bytes", stats.settled_bytes, &out);
  add_line("held_bytes", stats.held_bytes, &out);
  for (size_t i = 0; i < kWhys; ++i) {
    const SettleCounters& settled = stats.settled[i];
    if (settled.times == 0) continue;
    add_line(absl::StrCat("settled.", why_names[i], ".times"), settled.times, &out);
    add_line(absl::StrCat("settled.", why_names[i], ".bytes"), settled.bytes, &out);
  }
  return out;
}

}  // namespace anysplice::tools
