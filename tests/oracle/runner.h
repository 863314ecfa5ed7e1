// Runs cases: each in a process of its own, once on the kernel, once on the engine with rings and
// once without, and compares what they saw. Each group of cases (tools/conform/cases) is a test
// case.
//
// ORACLE_CASE=TEXT in the environment picks the cases whose name contains it, ORACLE_PRINT=1 prints
// the kernel's outcomes; ORACLE_MODE=auto leaves to the kernel what it can. elsewhere.h has more.
#ifndef ANYSPLICE_TESTS_ORACLE_RUNNER_H_
#define ANYSPLICE_TESTS_ORACLE_RUNNER_H_

#include <string>

namespace oracle {

// What a run came to, for its end.
std::string totals();

}  // namespace oracle

#endif  // ANYSPLICE_TESTS_ORACLE_RUNNER_H_
