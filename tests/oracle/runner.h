// Runs cases: each in a process of its own, once on the kernel, once on the engine with rings and
// once without, and compares what they saw.
//
// A case that is still inside a call under test after a while must be asleep; then that is its
// outcome ("blocks (S)") and the process is killed. So crashes, signals and hangs are results like
// any other.
#ifndef ANYSPLICE_TESTS_ORACLE_RUNNER_H_
#define ANYSPLICE_TESTS_ORACLE_RUNNER_H_

#include <functional>
#include <string>
#include <vector>

#include "core/sys/platform.h"
#include "tests/oracle/world.h"

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
};

// What differs only where the engine was built for systems that have nothing but POSIX; listed in
// docs/portability.md.
inline std::vector<Allowed> on_posix(Allowed allowed) {
  if (anysplice::kPosixPlatform) return {allowed};
  return {};
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

struct Case {
  std::string name;
  std::function<void(World&)> body;
  std::vector<Allowed> allowed = {};
};

// Runs the cases, several at a time; every difference is a failed check of the current test case.
// ORACLE_CASE=TEXT in the environment picks the cases whose name contains it, ORACLE_PRINT=1 prints
// the kernel's outcomes; ORACLE_MODE=auto leaves to the kernel what it can. elsewhere.h has more.
void check(const std::vector<Case>& cases);

// What a run came to, for its end.
std::string totals();

}  // namespace oracle

#endif  // ANYSPLICE_TESTS_ORACLE_RUNNER_H_
