// Ways to put bytes into a pipe: the same number of bytes may take few slots or many.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_LOADS_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_LOADS_H_

#include <vector>

#include "tools/conform/cases/case.h"

namespace oracle {

// More than anything has, and no sum with a position that overflows.
inline constexpr size_t kHuge = sizeof(size_t) > 4 ? SIZE_MAX >> 24 : SIZE_MAX >> 2;

// Without rings the bytes are written into the kernel's pipe, which puts small writes together
// where the kernel's own calls take a slot for each piece; so the pipe is full later. How many
// slots a pipe has left cannot be asked for.
inline constexpr Allowed kMerges = {.why = "small pieces share slots where pipes have no ring",
                                    .rings_off_only = true};

struct Load {
  const char* name;
  void (*put)(World& w, int write_end);
  // Its bytes lie in more slots than a write of them would take, so how much room is left cannot
  // be known without knowing the slots.
  bool scattered = false;
};

const std::vector<Load>& loads();

// What is allowed for a case with such a load in a pipe.
inline std::vector<Allowed> allowed_for(bool scattered) {
  if (scattered) return {kMerges};
  return {};
}

// A fresh pipe with the load in it, O_NONBLOCK on both ends.
Pipe loaded_pipe(World& w, const Load& load);

// From each load to each, with each length: the call twice, with SPLICE_F_NONBLOCK, and what is
// then in both pipes.
using BetweenPipes = void (*)(World& w, int read_end, int write_end, size_t length);
std::vector<Case> between_loads(const char* name, BetweenPipes call);

// Splices a new file of so many bytes, from the offset on, into the pipe.
void put_file(World& w, int write_end, size_t size, loff_t offset);

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_LOADS_H_
