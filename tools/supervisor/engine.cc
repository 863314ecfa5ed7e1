#include "tools/supervisor/engine.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "core/api/for_others.h"
#include "core/api/settings.h"
#include "core/sys/sys.h"
#include "tools/supervisor/lead.h"
#include "tools/supervisor/netlink.h"
#include "tools/supervisor/packets.h"
#include "tools/supervisor/size_limit.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kOfLibrary[] = {"ANYSPLICE_INJECT", "ANYSPLICE_CONTROL",
                                            "ANYSPLICE_JOURNAL", "ANYSPLICE_REPLAY",
                                            "ANYSPLICE_CHECK"};

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
  if (calls.test(static_cast<size_t>(Call::kCopyFileRange))) {
    sys->copy_file_range = [](int, int64_t*, int, int64_t*, size_t, unsigned) { return refuse(); };
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

// The program's is kept to (size_limit.h).
void lift_size_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

// Beside the library, which does what is asked of its own calls, those that go past it are only
// carried out and counted.
void take_settings_beside_library(const std::string& program) {
  std::vector<char*> environment;
  for (char** at = environ; *at != nullptr; ++at) {
    const bool of_library =
        std::any_of(std::begin(kOfLibrary), std::end(kOfLibrary), [at](absl::string_view name) {
          return absl::StartsWith(*at, name) && (*at)[name.size()] == '=';
        });
    if (!of_library) environment.push_back(*at);
  }
  environment.push_back(nullptr);
  take_settings(program.c_str(), environment.data());
}

}  // namespace

void prepare_engine(const RunOptions& options, const std::string& program) {
  Lead::give_up_before_engine_waits();
  show_packets();
  give_addresses();
  // (Only splice and sendfile go on after a write that was cut, as the kernel's do.)
  const bool only_those = options.copy_file_range != "emulate";
  if (options.mode != "native" && only_those) keep_size_limits();
  refused_with = options.block_errno;
  refuse_blocked(options.block);
  make_calls_for_others();
  if (options.preload) {
    take_settings_beside_library(program);
  } else {
    take_settings(program.c_str(), environ);
  }
  lift_size_limit();
  lift_descriptor_limit();
}

}  // namespace anysplice::tools
