// From file to file.
#include <signal.h>
#include <sys/resource.h>

#include "core/policy/mode.h"
#include "world.h"

using namespace faults;

// By the kernel, and by the engine.
SCENARIO(files_copied) {
  Box& from = w.source(150000);
  Box& to = w.sink();
  w.copy_file_range(from, to, 50000);
  anysplice::let_files_be_copied(true);
  for (int i = 0; i < 3; ++i) w.copy_file_range(from, to, 40000);
}

SCENARIO(files_copied_up_to_a_limit) {
  Box& from = w.source(5000);
  Box& to = w.sink();
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1000, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  anysplice::let_files_be_copied(true);
  for (int i = 0; i < 2; ++i) w.copy_file_range(from, to, 2000);
  setrlimit(RLIMIT_FSIZE, &limit);
}
