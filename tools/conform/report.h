// What a run came to, for people and for programs.
#ifndef ANYSPLICE_TOOLS_CONFORM_REPORT_H_
#define ANYSPLICE_TOOLS_CONFORM_REPORT_H_

#include <stdio.h>

#include <string>

#include "tools/conform/results.h"

namespace conform {

// TAP 14, https://testanything.org/tap-version-14-specification.html: the start, each result as it
// comes, the end.
void tap_begin(FILE* out, size_t cases, const Expectations& expected);
void tap_tell(FILE* out, size_t number, const Result& result);
void tap_end(FILE* out, const Results& results);

// JUnit's XML as Jenkins and GitLab read it, a suite for each call.
std::string as_junit(const Results& results);
std::string as_json(const Results& results);
// A table of the calls and the kinds of their ends: how many steps differ, of how many.
std::string as_table(const Results& results);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_REPORT_H_
