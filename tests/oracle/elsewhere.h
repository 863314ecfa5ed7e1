// What cases came to on another system's kernel: saved there, and taken here for what is right. So
// that the engine on a system with other calls, or none, can be compared with Linux.
//
//   ORACLE_SAVE=FILE     the kernel's outcomes are added to FILE
//   ORACLE_EXPECT=FILE   those in FILE are expected; a difference is told with what the calls of
//                        this system itself do
//
// Not thread-safe.
#ifndef ANYSPLICE_TESTS_ORACLE_ELSEWHERE_H_
#define ANYSPLICE_TESTS_ORACLE_ELSEWHERE_H_

#include <string>

namespace oracle::elsewhere {

void save(const std::string& name, const std::string& outcome);

// Whether another system's outcomes are expected.
bool expected();
// The one of that case; null if there is none.
const std::string* outcome(const std::string& name);

// A difference of the engine from that, by what this system's own calls do.
enum class Kind {
  kSame,    // the same as the engine
  kOther,   // something else again
  kLacked,  // they do not exist
  kRight,   // what is expected
};
inline constexpr int kKinds = 4;
const char* name_of(Kind kind);
Kind kind_of(const std::string& engine, const std::string& own, bool lacked,
             const std::string& right);

}  // namespace oracle::elsewhere

#endif  // ANYSPLICE_TESTS_ORACLE_ELSEWHERE_H_
