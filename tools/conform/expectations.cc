#include "tools/conform/expectations.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "tools/conform/embedded.h"
#include "tools/conform/machine.h"

namespace conform {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

Expectations parse(std::string_view text, const std::string& name) try {
  const json file = json::parse(text);
  if (file.at("format") != kFormat) throw std::runtime_error(name + " has another format");
  Expectations all;
  all.system = file.at("system");
  if (file.contains("recorded_on")) file["recorded_on"].get_to(all.recorded_on);
  const auto answers = file.at("answers").get<std::vector<std::string>>();
  Expected steps;
  for (const json& numbers : file.at("steps")) {
    auto& step = steps.emplace_back();
    for (const size_t number : numbers) step.push_back(answers.at(number));
  }
  for (const auto& [id, runs] : file.at("cases").items()) {
    Expected& expected = all.cases[id];
    for (const json& run : runs) {
      const bool repeated = run.is_array();
      expected.insert(expected.end(), repeated ? run.at(1).get<size_t>() : 1,
                      steps.at((repeated ? run.at(0) : run).get<size_t>()));
    }
  }
  return all;
} catch (const json::exception& error) {
  throw std::runtime_error(name + " holds no expectations: " + error.what());
} catch (const std::out_of_range&) {
  throw std::runtime_error(name + " holds no expectations: a number that is none");
}

// The one of that name, or, without a name, the one that is nearest.
const Embedded* built_in(const std::string& name) {
  const Embedded* best = nullptr;
  for (const Embedded& one : embedded_expectations()) {
    const bool nearer =
        best == nullptr || releases_from_here(one.name) < releases_from_here(best->name);
    if (name.empty() ? nearer : one.name == name) best = &one;
  }
  return best;
}

std::string names_built_in() {
  std::string names;
  for (const Embedded& one : embedded_expectations()) {
    names.append(names.empty() ? "" : ", ").append(one.name);
  }
  return names;
}

// Numbers things in the order in which they come.
template <class T>
class Numbering {
 public:
  size_t operator()(const T& one) {
    const auto [place, fresh] = numbers_.try_emplace(one, all_.size());
    if (fresh) all_.push_back(one);
    return place->second;
  }
  const std::vector<T>& all() const { return all_; }

 private:
  std::map<T, size_t> numbers_;
  std::vector<T> all_;
};

// One member to a line, so that versions of a file can be compared.
template <class Members, class Tell>
void write_lines(std::ostream& out, const Members& members, Tell tell) {
  bool first = true;
  for (const auto& member : members) {
    out << (first ? "\n" : ",\n");
    first = false;
    tell(member);
  }
}

}  // namespace

Expectations read_expectations(const std::string& name) {
  if (const Embedded* one = built_in(name)) return parse(one->text, std::string(one->name));
  std::ifstream stream(name);
  std::ostringstream text;
  if (!(stream && text << stream.rdbuf())) {
    throw std::runtime_error("cannot read " + name + "; built in are " + names_built_in());
  }
  return parse(text.str(), name);
}

void write_expectations(const Expectations& expectations, const std::string& file) {
  Numbering<std::string> answers;
  Numbering<std::vector<size_t>> steps;
  std::map<std::string, json> cases;
  for (const auto& [id, expected] : expectations.cases) {
    std::vector<std::pair<size_t, size_t>> runs;
    for (const auto& lines : expected) {
      std::vector<size_t> numbers;
      for (const std::string& line : lines) numbers.push_back(answers(line));
      const size_t step = steps(numbers);
      if (runs.empty() || runs.back().first != step) runs.emplace_back(step, 0);
      ++runs.back().second;
    }
    json& told = cases[id] = json::array();
    for (const auto& [step, times] : runs) {
      if (times == 1) {
        told.push_back(step);
      } else {
        told.push_back({step, times});
      }
    }
  }
  std::ofstream out(file);
  out << "{\"format\": " << kFormat << ", \"system\": " << json(expectations.system)
      << ",\n\"recorded_on\": " << json(expectations.recorded_on) << ",\n\"answers\": [";
  write_lines(out, answers.all(), [&](const std::string& line) { out << json(line); });
  out << "],\n\"steps\": [";
  write_lines(out, steps.all(), [&](const auto& step) { out << json(step); });
  out << "],\n\"cases\": {";
  write_lines(out, cases, [&](const auto& one) { out << json(one.first) << ":" << one.second; });
  out << "}}\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace conform
