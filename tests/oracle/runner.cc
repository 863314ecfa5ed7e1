#include "tests/oracle/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <sstream>

#include "core/sys/platform.h"
#include "tests/catch.h"
#include "tests/oracle/calls.h"
#include "tests/oracle/elsewhere.h"
#include "tools/conform/cases/case.h"
#include "tools/conform/cases/pool.h"

namespace oracle {
namespace {

struct Totals {
  size_t cases = 0, calls = 0, comparisons = 0, differences = 0, skipped = 0;
  std::map<std::string, int> allowed;  // how often, by reason
  std::map<std::string, int> skips;
  size_t elsewhere[elsewhere::kKinds] = {};  // the differences, by kind
};
Totals sum;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The lines of both that differ, each after the line of the call it belongs to.
std::string difference(const std::string& kernel, const std::string& engine, Side side) {
  const auto k = lines_of(kernel), e = lines_of(engine);
  std::ostringstream out;
  std::string call;
  int told = 0;
  for (size_t i = 0; i < std::max(k.size(), e.size()); ++i) {
    const std::string a = i < k.size() ? k[i] : "(nothing)", b = i < e.size() ? e[i] : "(nothing)";
    if (a == b) {
      if (a[0] != ' ') call = a;
      continue;
    }
    if (++told > 12) return out.str() + "  ... and more\n";
    if (!call.empty()) out << "  after: " << call << "\n";
    call.clear();
    out << "  line " << i + 1 << "\n    kernel: " << a << "\n    " << name_of(side) << ": " << b
        << "\n";
  }
  return out.str();
}

// The call of the case's that this kernel does not have, or null.
const char* lacked_call(const Outcome& kernel) {
  for (size_t i = 0; i < anysplice::kCalls; ++i) {
    if ((kernel.used >> i & 1) != 0 && kernel_lacks(static_cast<anysplice::Call>(i))) {
      return anysplice::kCallNames[i];
    }
  }
  return nullptr;
}

// Why there is nothing to compare this case with, or nothing.
std::string reason_to_skip(const Case& one, const Outcome& kernel) {
  if (kernel.skipped) return lines_of(kernel.text).back();
  if (elsewhere::expected()) {
    return elsewhere::outcome(one.name) != nullptr ? "" : "the other system could not do it";
  }
  const char* const lacked = lacked_call(kernel);
  return lacked != nullptr ? std::string("this kernel does not offer ") + lacked : "";
}

// What is right.
const std::string& expected(const Case& one, const Outcome& kernel) {
  return elsewhere::expected() ? *elsewhere::outcome(one.name) : kernel.text;
}

std::vector<std::string> lines_without(const char* start, const std::string& text) {
  auto lines = lines_of(text);
  std::erase_if(lines, [=](const std::string& line) { return line.starts_with(start); });
  return lines;
}

bool is_allowed(const Allowed& allowed, Side side, const std::string& kernel,
                const std::string& engine) {
  if (allowed.posix_only && !anysplice::kPosixPlatform) return false;
  if (allowed.rings_off_only && side != Side::kNoRings) return false;
  for (const char* never : {"died of", "spins", "hangs", "ended with", kWrong}) {
    const bool kernel_too = kernel.find(never) != std::string::npos;
    if (engine.find(never) != std::string::npos && !kernel_too) return false;
  }
  if (engine.find(allowed.instead) == std::string::npos) return false;
  return allowed.only == nullptr ||
         lines_without(allowed.only, kernel) == lines_without(allowed.only, engine);
}

// Whether one outcome of the engine is what it should be.
bool agrees(const Case& one, const Outcome& kernel, const Outcome& engine, Side side) {
  const std::string& right = expected(one, kernel);
  if (engine.text == right) return true;
  for (const Allowed& allowed : one.allowed) {
    if (!is_allowed(allowed, side, right, engine.text)) continue;
    ++sum.allowed[allowed.why];
    return true;
  }
  return false;
}

Job job_of(const Case& one, Side side) {
  constexpr const Calls& (*kTake[kSides])() = {
      []() -> const Calls& { return take_side(Side::kKernel); },
      []() -> const Calls& { return take_side(Side::kRings); },
      []() -> const Calls& { return take_side(Side::kNoRings); },
  };
  return {&one.body, kTake[static_cast<int>(side)]};
}

// Compares each case's first outcome, the kernel's, with the others.
void compare(const std::vector<const Case*>& cases, const std::vector<Job>& jobs) {
  struct Suspect {
    const Case* one;
    Side side;
  };
  std::vector<Suspect> suspects;
  for (size_t i = 0; i < jobs.size(); i += kSides) {
    const Case& one = *cases[i / kSides];
    const Outcome& kernel = jobs[i].outcome;
    const std::string why = reason_to_skip(one, kernel);
    if (!why.empty()) {
      ++sum.skipped;
      ++sum.skips[why];
      continue;
    }
    elsewhere::save(one.name, kernel.text);
    for (size_t k = i + 1; k < i + kSides; ++k) {
      ++sum.comparisons;
      const Side side = static_cast<Side>(k - i);
      if (!agrees(one, kernel, jobs[k].outcome, side)) suspects.push_back({&one, side});
    }
  }
  // A busy machine may have been the reason: once more, both of them.
  std::vector<Job> again;
  for (const Suspect& suspect : suspects) {
    again.push_back(job_of(*suspect.one, Side::kKernel));
    again.push_back(job_of(*suspect.one, suspect.side));
  }
  run(again);
  for (size_t i = 0; i < suspects.size(); ++i) {
    const Case& one = *suspects[i].one;
    const Outcome &kernel = again[2 * i].outcome, &engine = again[2 * i + 1].outcome;
    if (agrees(one, kernel, engine, suspects[i].side)) continue;
    ++sum.differences;
    printf("difference in \"%s\" (%s)\n%s\n", one.name.c_str(), name_of(suspects[i].side),
           difference(expected(one, kernel), engine.text, suspects[i].side).c_str());
    if (elsewhere::expected()) {
      const auto kind = elsewhere::kind_of(engine.text, kernel.text, lacked_call(kernel) != nullptr,
                                           expected(one, kernel));
      printf("  %s\n", elsewhere::name_of(kind));
      ++sum.elsewhere[static_cast<int>(kind)];
    }
    FAIL_CHECK("kernel and engine differ: " << one.name);
  }
}

}  // namespace

Group::Group(const char* name, void (*run)()) {
  Catch::AutoReg(Catch::makeTestInvoker(run), CATCH_INTERNAL_LINEINFO, Catch::StringRef(),
                 Catch::NameAndTags(name));
}

void check(const std::vector<Case>& cases) {
  const char* only = getenv("ORACLE_CASE");
  const char* each = getenv("ORACLE_EACH");
  static size_t met = 0;
  std::vector<const Case*> chosen;
  std::vector<Job> jobs;
  for (const Case& one : cases) {
    if (only != nullptr && one.name.find(only) == std::string::npos) continue;
    if (each != nullptr && met++ % strtoul(each, nullptr, 10) != 0) continue;
    chosen.push_back(&one);
    for (int side = 0; side < kSides; ++side) {
      jobs.push_back(job_of(one, static_cast<Side>(side)));
    }
  }
  run(jobs);
  for (size_t i = 0; i < chosen.size(); ++i) {
    const Case& one = *chosen[i];
    const Outcome& kernel = jobs[i * kSides].outcome;
    ++sum.cases;
    for (const std::string& line : lines_of(kernel.text)) sum.calls += line[0] != ' ';
    if (getenv("ORACLE_PRINT") != nullptr) {
      printf("--- %s\n%s", one.name.c_str(), kernel.text.c_str());
    }
  }
  compare(chosen, jobs);
  SUCCEED();
}

std::string totals() {
  std::ostringstream out;
  for (const auto& [why, times] : sum.allowed) {
    out << "oracle: allowed difference, " << times << " times: " << why << "\n";
  }
  for (const auto& [why, times] : sum.skips) {
    out << "oracle: skipped, " << times << " cases:" << (why[0] == ' ' ? "" : " ") << why << "\n";
  }
  for (int i = 0; elsewhere::expected() && i < elsewhere::kKinds; ++i) {
    out << "oracle: differences, " << sum.elsewhere[i]
        << " times: " << elsewhere::name_of(static_cast<elsewhere::Kind>(i)) << "\n";
  }
  out << "oracle: " << sum.cases << " cases, " << sum.calls << " calls, " << sum.comparisons
      << " comparisons, " << sum.differences << " differences, " << sum.skipped << " skipped\n";
  return out.str();
}

}  // namespace oracle
