// What the cases come to on a system that is right: a JSON file, or the one built in.
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
  std::string system;  // "Linux 6.18.44 x86_64"
  std::map<std::string, Expected> cases;
};

// Throw std::runtime_error, saying what is wrong with the file.
Expectations built_in();
Expectations read_expectations(const std::string& file);
void write_expectations(const Expectations& expectations, const std::string& file);

// This system, by uname(2): its name, the numbers of its release, its machine.
std::string this_system();

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_EXPECTATIONS_H_
