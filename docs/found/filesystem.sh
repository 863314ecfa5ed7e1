#!/bin/bash
# A test of libstdc++'s std::filesystem::copy_file, from `in` to `out`. Needs a C++ compiler. Run it in a
# scratch folder.
. "$(dirname "$0")/need.sh"
need c++ g++
[ -x copy ] || printf '#include <filesystem>\nint main() { return !std::filesystem::copy_file("in", "out"); }\n' |
  env -u LD_PRELOAD c++ -std=c++17 -x c++ - -o copy || exit
exec ./copy
