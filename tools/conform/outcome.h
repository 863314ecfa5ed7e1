// What a case came to, in a form that can be compared with what it came to elsewhere.
#ifndef ANYSPLICE_TOOLS_CONFORM_OUTCOME_H_
#define ANYSPLICE_TOOLS_CONFORM_OUTCOME_H_

#include <string>
#include <string_view>
#include <vector>

namespace conform {

// A part of a case, on ends of its own. Most cases have only one, without a name.
struct Step {
  std::string name;  // "file @null -> closed @null, len 100"
  std::vector<std::string> lines;

  bool left_out() const;
};

// Without what belongs to the machine and not to its kernel: what is in /proc/version and such.
std::vector<Step> steps_of(std::string_view case_name, std::string_view text);

struct Difference {
  std::string step;      // the name of the first step that differs
  std::string after;     // the call before the line, if it is not one
  std::string expected;  // the first line that differs
  std::string came;
  size_t different = 0;  // steps
};

// Whether a step came out as expected; steps that were left out did.
bool same(const std::vector<std::string>& expected, const Step& came);
// `different` is 0 if all is the same. Of the expected steps there may be more, or fewer.
Difference difference(const std::vector<std::vector<std::string>>& expected,
                      const std::vector<Step>& came);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_OUTCOME_H_
