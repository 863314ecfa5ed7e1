#include "tools/bench/placement.h"

#include <sched.h>

#include <vector>

namespace anysplice::tools::bench {
namespace {

Placement placed = Placement::kAnywhere;

std::vector<int> find_processors() {
  std::vector<int> found;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return found;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) found.push_back(i);
  }
  return found;
}

// Those that the command was started with.
const std::vector<int>& processors() {
  static const std::vector<int> found = find_processors();
  return found;
}

void move_to(size_t which) {
  if (which >= processors().size()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processors()[which], &set);
  sched_setaffinity(0, sizeof(set), &set);
}

}  // namespace

bool can_be_apart() { return processors().size() >= 2; }

// The last ones: the first has most of the system's own work.
void place_loop(Placement placement) {
  placed = placement;
  if (placed != Placement::kAnywhere) move_to(processors().size() - 1);
}

void place_peer() {
  if (placed == Placement::kApart) move_to(processors().size() - 2);
}

}  // namespace anysplice::tools::bench
