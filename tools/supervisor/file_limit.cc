#include "tools/supervisor/file_limit.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace anysplice::tools {

size_t allowed_by_limit(const Target& target, int fd, const int64_t* offset, size_t length) {
  const uint64_t limit = target.file_size_limit();
  struct stat st;
  if (limit == RLIM_INFINITY || fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    return length;
  }
  const int64_t at = offset != nullptr ? *offset : lseek(fd, 0, SEEK_CUR);
  if (at < 0) return length;
  const uint64_t from = static_cast<uint64_t>(at);
  return from >= limit ? 0 : std::min<uint64_t>(length, limit - from);
}

void lift_own_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace anysplice::tools
