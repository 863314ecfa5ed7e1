// A case: something done to descriptors, on one side's calls, of which everything that can be seen
// is noted. The programs that run cases (tests/oracle, splice-conform) each say what is right.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_CASE_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_CASE_H_

#include <functional>
#include <string>
#include <vector>

#include "tools/conform/cases/world.h"

namespace oracle {

// A difference that is meant, why, and what has to be right all the same. No reason excuses a
// crash, a hang, or bytes lost or doubled.
struct Allowed {
  const char* why;
  // Only lines that start like this may differ; without one, any may.
  const char* only = nullptr;
  // What the engine's outcome must say.
  const char* instead = "";
  bool rings_off_only = false;
  bool posix_only = false;
};

// What differs only where the engine was built for systems that have nothing but POSIX; listed in
// docs/portability.md.
inline std::vector<Allowed> on_posix(Allowed allowed) {
  allowed.posix_only = true;
  return {allowed};
}
inline std::vector<Allowed> operator+(std::vector<Allowed> a, const std::vector<Allowed>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline constexpr Allowed kNoSegments = {.why = "POSIX: SPLICE_F_MORE cannot keep bytes back"};
inline constexpr Allowed kNoRestart = {
    .why = "POSIX: of handlers with and without SA_RESTART, all end a wait", .instead = "EINTR"};
inline constexpr Allowed kPipeSignal = {
    .why = "POSIX: a peer that goes while a call waits brings SIGPIPE", .instead = "EPIPE SIGPIPE"};
inline constexpr Allowed kUnknownSize = {.why = "POSIX: the size of a pipe cannot be asked for"};
inline constexpr Allowed kUnknownLimit = {
    .why = "POSIX: how far a file of /proc, or a directory, could reach cannot be asked for"};

// `allowed`: what the engine may do differently.
struct Case {
  std::string name;
  std::function<void(World&)> body;
  std::vector<Allowed> allowed = {};
};

// What the program at hand does with the cases of a group; called from the group's function.
void check(const std::vector<Case>& cases);

// Makes a group known to the program at hand, which defines the constructor.
struct Group {
  Group(const char* name, void (*run)());
};

// GROUP("splice: order of the checks") { ... check(cases); }
#define ORACLE_JOINED2(a, b) a##b
#define ORACLE_JOINED(a, b) ORACLE_JOINED2(a, b)
#define GROUP(name)                                             \
  static void ORACLE_JOINED(run_group_, __LINE__)();            \
  static const ::oracle::Group ORACLE_JOINED(group_, __LINE__)( \
      name, ORACLE_JOINED(run_group_, __LINE__));               \
  static void ORACLE_JOINED(run_group_, __LINE__)()

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_CASE_H_
