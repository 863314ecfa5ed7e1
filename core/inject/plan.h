// What is to go wrong on purpose: the rules of a specification, in the form in which calls look
// them up.
//
// Plain data in static storage, written once before threads exist and only read afterwards.
#ifndef ANYSPLICE_CORE_INJECT_PLAN_H_
#define ANYSPLICE_CORE_INJECT_PLAN_H_

#include <stddef.h>
#include <stdint.h>

#include "core/policy/mode.h"

namespace anysplice::inject {

// Kinds of ends, as bits. No bit: not an open descriptor.
using Kinds = uint16_t;
inline constexpr Kinds kPipe = 1, kFile = 2, kSocket = 4, kTty = 8, kProc = 16, kDevice = 32,
                       kOther = 64, kMemory = 128, kAnyKind = 255;

using Calls = uint8_t;  // bits by Call
inline constexpr Calls bit(Call call) {
  return static_cast<Calls>(1u << static_cast<unsigned>(call));
}
inline constexpr Calls kAllCalls = 31;

// An end as people name it: by the path of its file, the address of its socket, or its number.
enum class NameOf : uint8_t { kPath, kTcp, kUdp, kUnix, kNumber };
inline constexpr size_t kPatternSize = 128;  // with its final 0

struct EndName {
  NameOf what = NameOf::kPath;
  Kinds kinds = kAnyKind;  // that have such a name
  int number = 0;
  char pattern[kPatternSize] = "";  // * stands for any characters, ? for one
};

using EndNames = uint32_t;  // bits, by place in Plan::name
inline constexpr size_t kMaxNames = 32;

enum class Act : uint8_t {
  kShort,    // moves less than asked for; how much is drawn at random
  kLimit,    // at most `amount` bytes
  kPartial,  // moves a part, and the next call on these descriptors fails with `error`
  kErrno,    // fails with `error`
  kGone,     // fails with `error` from now on
  kDelay,    // answers `amount` nanoseconds later
  kZero,     // returns 0 and moves nothing, as if the source had ended
  kPass,     // is left alone by the rules that follow
};

inline constexpr uint64_t kAlways = uint64_t{1} << 32;
inline constexpr uint64_t kNoLimit = UINT64_MAX;
inline constexpr size_t kNameSize = 48;  // of a process, with its final 0

struct Rule {
  Calls calls = 0;
  bool unsafe = false;
  bool narrowed = false;  // by its ends: each of one of the kinds, or with one of the names
  Act act = Act::kErrno;
  Kinds in = kAnyKind;
  Kinds out = kAnyKind;
  EndNames in_names = 0;
  EndNames out_names = 0;
  int error = 0;
  uint64_t amount = 0;
  // Conditions. Of the calls selected by the above, those with these numbers ...
  uint64_t first = 1;
  uint64_t last = UINT64_MAX;
  uint64_t every = 1;
  // ... while this call has moved so many bytes, in this thread ...
  uint64_t above = 0;
  uint64_t below = UINT64_MAX;
  // ... once those that were selected have moved so many on the same file ...
  uint64_t after = 0;
  uint64_t chance = kAlways;     // ... of 2^32
  int64_t thread = -1;           // -1: all
  char process[kNameSize] = "";  // empty: all
};

inline constexpr size_t kMaxRules = 64;

struct Plan {
  uint64_t seed = 0;
  size_t rules = 0;
  Rule rule[kMaxRules];
  size_t names = 0;
  EndName name[kMaxNames];
  long pipe_capacity = 0;    // of pipes that are made: bytes; 0: the system's
  bool pipe_copies = false;  // nothing in a pipe is a reference (vmsplice_as_write.h)
  bool pipe_fixed = false;   // F_SETPIPE_SZ and F_GETPIPE_SZ do not exist
};

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_PLAN_H_
