// Known systems, described by what they do differently: `--as=NAME`, and `as=NAME` in a
// specification. docs/ci.md gives the sources.
//
// A constant table, for any thread.
#ifndef ANYSPLICE_CORE_INJECT_PROFILES_H_
#define ANYSPLICE_CORE_INJECT_PROFILES_H_

#include <stddef.h>

namespace anysplice::inject {

struct Profile {
  const char* name;
  const char* spec;
};

inline constexpr size_t kProfiles = 12;
extern const Profile profiles[kProfiles];

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_PROFILES_H_
