// What the cases come to on a system that is right: a JSON file, or one of those built in.
//
// Most lines and most steps occur many times, so the file numbers them: "answers" are the lines,
// "steps" lists of their numbers, "cases" lists of numbers of steps by id; [N, TIMES] is a step
// that comes several times in a row.
#ifndef ANYSPLICE_TOOLS_CONFORM_EXPECTATIONS_H_
#define ANYSPLICE_TOOLS_CONFORM_EXPECTATIONS_H_

#include <map>
#include <string>
#include <vector>

#include "tools/conform/outcome.h"

namespace conform {

using Expected = std::vector<std::vector<std::string>>;

struct Expectations {
  std::string system;                              // "Linux 6.18.44 x86_64"
  std::map<std::string, std::string> recorded_on;  // what else the machine was
  std::map<std::string, Expected> cases;
};

// Of those built in by name ("linux-6.18"), or of a file; of those built in that are nearest to
// this system where the name is empty. Throws std::runtime_error, saying what is wrong with the
// file.
Expectations read_expectations(const std::string& name);
void write_expectations(const Expectations& expectations, const std::string& file);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_EXPECTATIONS_H_
