// Writable memory that this process shares with others, by /proc/self/maps.
#ifndef ANYSPLICE_TESTS_HAZARDS_SHARED_MAPPINGS_H_
#define ANYSPLICE_TESTS_HAZARDS_SHARED_MAPPINGS_H_

#include <stdio.h>

#include <vector>

#include "hazard.h"

namespace hazard {

struct Range {
  char* start;
  size_t size;
};

inline std::vector<Range> shared_mappings() {
  std::vector<Range> all;
  FILE* const maps = fopen("/proc/self/maps", "r");
  CHECK(maps != nullptr);
  char line[512];
  while (fgets(line, sizeof(line), maps) != nullptr) {
    unsigned long from, to;
    char rights[5];
    if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3) continue;
    if (rights[1] != 'w' || rights[3] != 's') continue;
    all.push_back({reinterpret_cast<char*>(from), to - from});
  }
  fclose(maps);
  return all;
}

}  // namespace hazard

#endif  // ANYSPLICE_TESTS_HAZARDS_SHARED_MAPPINGS_H_
