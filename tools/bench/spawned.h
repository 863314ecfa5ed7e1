// Starting programs with and without the library preloaded.
#ifndef ANYSPLICE_TOOLS_BENCH_SPAWNED_H_
#define ANYSPLICE_TOOLS_BENCH_SPAWNED_H_

#include <spawn.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace anysplice::tools::bench {

// The environment of this process, with LD_PRELOAD as given (empty: none).
class Environment {
 public:
  explicit Environment(const std::string& preload);
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

// The process, or -1. actions may be null.
pid_t spawn(std::vector<std::string> words, const Environment& environment,
            const posix_spawn_file_actions_t* actions);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_SPAWNED_H_
