#include "tools/conform/outcome.h"

#include <ctype.h>

#include <algorithm>

#include "tools/conform/cases/world.h"

namespace conform {
namespace {

// Files whose content is the machine's.
constexpr const char* kOfTheMachine[] = {"/proc/version", "/proc/filesystems", "sysfs file"};

bool is_of_the_machine(std::string_view text) {
  return std::any_of(std::begin(kOfTheMachine), std::end(kOfTheMachine),
                     [&](const char* name) { return text.find(name) != std::string_view::npos; });
}

// "splice = 57 off_in=62" -> "splice = some", "  pipe: 57 bytes ..." -> "  pipe: some",
// "  sent message of 57" -> "  sent message of some", "... (WRONG: the output gained 57 bytes)" ->
// "... (WRONG: the output gained some bytes)".
std::string without_content(std::string line) {
  const bool looks = line.starts_with("  ");
  for (const std::string_view count : {" message of ", " gained ", " lost "}) {
    const size_t at = line.find(count);
    if (at == std::string::npos) continue;
    const size_t number = at + count.size(), end = line.find_first_not_of("0123456789", number);
    return line.substr(0, number) + "some" + (end != std::string::npos ? line.substr(end) : "");
  }
  const size_t mark = line.find(looks ? ": " : " = ");
  if (mark == std::string::npos) return line;
  const size_t value = mark + (looks ? 2 : 3);
  if (!isdigit(static_cast<unsigned char>(line[value])) && !looks) return line;
  const std::string_view told = std::string_view(line).substr(value);
  const bool nothing = told == "0" || told.starts_with("0 ");
  return line.substr(0, value) + (nothing ? "nothing" : "some");
}

constexpr const char* kNothing = "(nothing)";

}  // namespace

bool Step::left_out() const { return name == oracle::kLeftOut; }

std::vector<Step> steps_of(std::string_view case_name, std::string_view text) {
  std::vector<Step> steps;
  bool masked = is_of_the_machine(case_name);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t close = line.starts_with('[') ? line.find("] ") : std::string_view::npos;
    if (close != std::string_view::npos) {
      steps.push_back({std::string(line.substr(1, close - 1)), {}});
      line.remove_prefix(close + 2);
      masked = is_of_the_machine(steps.back().name) || is_of_the_machine(case_name);
      if (steps.back().left_out()) continue;
    } else if (steps.empty()) {
      steps.push_back({});
    }
    steps.back().lines.push_back(masked ? without_content(std::string(line)) : std::string(line));
  }
  return steps;
}

bool same(const std::vector<std::string>& expected, const Step& came) {
  return came.left_out() || expected == came.lines;
}

Difference difference(const std::vector<std::vector<std::string>>& expected,
                      const std::vector<Step>& came) {
  Difference found;
  static const std::vector<std::string> kNoLines;
  static const Step kNoStep;
  for (size_t i = 0; i < std::max(expected.size(), came.size()); ++i) {
    const auto& right = i < expected.size() ? expected[i] : kNoLines;
    const Step& step = i < came.size() ? came[i] : kNoStep;
    if (same(right, step)) continue;
    if (found.different++ > 0) continue;
    found.step = step.name;
    for (size_t k = 0; k < std::max(right.size(), step.lines.size()); ++k) {
      const std::string a = k < right.size() ? right[k] : kNothing;
      const std::string b = k < step.lines.size() ? step.lines[k] : kNothing;
      if (a == b) {
        if (!a.starts_with(' ')) found.after = a;
        continue;
      }
      if (!a.starts_with(' ') && a != kNothing) found.after.clear();
      found.expected = a;
      found.came = b;
      break;
    }
  }
  return found;
}

}  // namespace conform
