// Every kind of descriptor that can stand at an end of a call, ready for use as source (some bytes
// can be read where that makes sense) and as target (room for some bytes).
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_ENDS_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_ENDS_H_

#include <functional>
#include <vector>

#include "tools/conform/cases/world.h"

namespace oracle {

struct End {
  int fd;
  std::function<void()> look = {};  // notes what can be seen of it after a call
};

struct Kind {
  const char* name;
  End (*make)(World& w);
};

// What each holds is a few hundred bytes at most; no kind makes a non-blocking call wait.
const std::vector<Kind>& kinds();
const Kind& kind(const char* name);

// Asked before a pair of kinds is tried in the middle of a case; nothing is left out unless the
// program sets it, before any case runs.
extern bool (*leaves_out_end)(const char* name);
inline bool left_out(const Kind& a, const Kind& b) {
  return leaves_out_end != nullptr && (leaves_out_end(a.name) || leaves_out_end(b.name));
}

// Set by the program before any case runs: leaves out what has an offset that files of some file
// systems reach (tmpfs, XFS), and of others not (ext4).
extern bool leaves_out_far;
inline bool left_out(Offset offset) {
  return leaves_out_far && offset.kind == Offset::kValue && offset.value > INT64_MAX / 2;
}

// Files which some kernels refuse to splice from although they can be read.
const std::vector<const char*>& refused_files();

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_ENDS_H_
