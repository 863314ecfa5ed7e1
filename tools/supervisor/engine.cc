#include "tools/supervisor/engine.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/api/for_others.h"
#include "core/api/settings.h"
#include "core/sys/sys.h"

namespace anysplice::tools {
namespace {

int refused_with;

ssize_t refuse() {
  errno = refused_with;
  return -1;
}

void refuse_blocked(CallSet calls) {
  if (calls.test(static_cast<size_t>(Call::kSplice))) {
    sys->splice = [](int, int64_t*, int, int64_t*, size_t, unsigned) { return refuse(); };
  }
  if (calls.test(static_cast<size_t>(Call::kTee))) {
    sys->tee = [](int, int, size_t, unsigned) { return refuse(); };
  }
  if (calls.test(static_cast<size_t>(Call::kVmsplice))) {
    sys->vmsplice = [](int, const iovec*, size_t, unsigned) { return refuse(); };
  }
  if (calls.test(static_cast<size_t>(Call::kSendfile))) {
    sys->sendfile64 = [](int, int, int64_t*, size_t) { return refuse(); };
  }
}

// For two descriptors of each call under way.
void lift_descriptor_limit() {
  constexpr rlim_t kPlenty = 1 << 20;
  rlimit limit{kPlenty, kPlenty};
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// It is asked for where it is the program's (kinds.h).
void lift_size_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

void prepare_engine(const RunOptions& options, const std::string& program) {
  refused_with = options.block_errno;
  refuse_blocked(options.block);
  make_calls_for_others();
  take_settings(program.c_str(), environ);
  lift_size_limit();
  lift_descriptor_limit();
}

}  // namespace anysplice::tools
