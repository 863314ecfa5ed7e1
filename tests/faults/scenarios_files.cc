// From file to file.
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
