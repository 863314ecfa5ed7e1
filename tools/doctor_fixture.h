// The kinds of descriptor that doctor tries.
#ifndef ANYSPLICE_TOOLS_DOCTOR_FIXTURE_H_
#define ANYSPLICE_TOOLS_DOCTOR_FIXTURE_H_

#include <stddef.h>

#include "absl/types/span.h"

namespace anysplice::tools {

inline constexpr size_t kProbeBytes = 64;  // what is moved by one attempt
extern const char kProbeData[kProbeBytes];

// Two descriptors of a kind, for one attempt each; -1 where there is none. Other ends and open
// files behind them live until the process ends.
struct Fixture {
  int from = -1;  // has bytes to read, if the kind ever has
  int to = -1;    // has room to write
};

struct Kind {
  const char* name;
  Fixture (*make)();
};

absl::Span<const Kind> kinds();

// The counterparts of an attempt.
Fixture make_pipe();
Fixture make_regular_file();
Fixture make_unix_stream();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_DOCTOR_FIXTURE_H_
