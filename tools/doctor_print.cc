#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tools/block.h"
#include "tools/doctor.h"
#include "tools/errno_names.h"

namespace anysplice::tools {
namespace {

using Json = nlohmann::ordered_json;
using NameOf = std::string (*)(const Cell&);

constexpr const char* kDirectionNames[kDirections] = {"from", "to"};

std::string kernel_cell(const Cell& cell) { return outcome_name(cell.kernel); }
std::string anysplice_cell(const Cell& cell) { return answer_name(cell.anysplice); }

// As wide as the longest entry, and never narrower than a common one.
size_t column_width(const Report& report, NameOf name) {
  size_t width = 6;
  for (const Row& row : report.rows) {
    for (const auto& call : row.cells) {
      for (const Cell& cell : call) width = std::max(width, name(cell).size());
    }
  }
  return width;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string matrix(const Report& report, NameOf name) {
  const int width = static_cast<int>(column_width(report, name));
  std::string calls = absl::StrFormat("%-16s", "");
  std::string directions = calls;
  for (const absl::string_view call : kCallNames) {
    absl::StrAppendFormat(&calls, "%-*s", 2 * width + 2, call);
    for (const char* direction : kDirectionNames) {
      absl::StrAppendFormat(&directions, "%-*s ", width, direction);
    }
  }
  std::string out = trimmed(calls) + trimmed(directions);
  for (const Row& row : report.rows) {
    std::string line = absl::StrFormat("%-16s", row.kind);
    for (const auto& call : row.cells) {
      for (const Cell& cell : call) absl::StrAppendFormat(&line, "%-*s ", width, name(cell));
    }
    out += trimmed(line);
  }
  return out;
}

std::string call_summary(const Cell& cell) {
  if (cell.kernel.outcome == Attempt::Outcome::kWorks) return "works";
  const bool provided = cell.anysplice.outcome == Attempt::Outcome::kWorks;
  return absl::StrCat("missing (", outcome_name(cell.kernel), "), ",
                      provided ? "provided by anysplice" : "and anysplice cannot provide it");
}

std::string library_summary(const LibraryFacts& library) {
  if (library.path.empty()) return library.problem;
  return absl::StrCat(library.path, library.problem.empty() ? " (loads)" : ": " + library.problem);
}

Json json_attempt(const Attempt& attempt, std::string (*name)(const Attempt&)) {
  if (attempt.outcome == Attempt::Outcome::kNotTried) return nullptr;
  return name(attempt);
}

}  // namespace

std::string outcome_name(const Attempt& attempt) {
  switch (attempt.outcome) {
    case Attempt::Outcome::kWorks:
      return "ok";
    case Attempt::Outcome::kFails:
      return attempt.error != 0 ? errno_name(attempt.error) : "0";
    case Attempt::Outcome::kHangs:
      return "hangs";
    case Attempt::Outcome::kKilled:
      return "killed";
    case Attempt::Outcome::kCrashes:
      return "crashes";
    case Attempt::Outcome::kNotTried:
      break;
  }
  return "-";
}

std::string answer_name(const Attempt& attempt) {
  if (attempt.outcome != Attempt::Outcome::kWorks) return outcome_name(attempt);
  return attempt.by_engine ? "engine" : "kernel";
}

std::string as_table(const Report& report) {
  const SystemFacts& system = report.system;
  std::string out;
  const auto add = [&out](absl::string_view key, absl::string_view value) {
    absl::StrAppendFormat(&out, "%-20s %s\n", key, value);
  };
  add("kernel", system.kernel);
  for (size_t i = 0; i < kCalls; ++i) add(kCallNames[i], call_summary(report.calls[i]));
  add("largest pipe", system.pipe_max_size ? absl::StrCat(*system.pipe_max_size, " bytes")
                                           : std::string("unknown"));
  add("RWF_NOWAIT on pipes", system.rwf_nowait_on_pipes ? "works" : "missing");
  add("/proc", system.proc_mounted ? "mounted" : "not mounted");
  add("library", library_summary(system.library));

  absl::StrAppend(&out,
                  "\nWhat the kernel answers, with the descriptor as source (from) or target (to);"
                  "\n- where there is no such case:\n\n",
                  matrix(report, kernel_cell),
                  "\nWho moves the bytes under anysplice in auto mode; an error means that"
                  "\nanysplice refuses as well:\n\n",
                  matrix(report, anysplice_cell));
  return out;
}

std::string as_json(const Report& report) {
  const SystemFacts& system = report.system;
  Json json;
  json["version"] = ANYSPLICE_VERSION;
  json["kernel"] = system.kernel;
  json["proc_mounted"] = system.proc_mounted;
  json["pipe_max_size"] = system.pipe_max_size ? Json(*system.pipe_max_size) : Json(nullptr);
  json["rwf_nowait_on_pipes"] = system.rwf_nowait_on_pipes;
  const LibraryFacts& library = system.library;
  json["library"]["path"] = library.path.empty() ? Json(nullptr) : Json(library.path);
  json["library"]["loads"] = library.problem.empty();
  json["library"]["problem"] = library.problem.empty() ? Json(nullptr) : Json(library.problem);
  for (size_t i = 0; i < kCalls; ++i) {
    Json& call = json["calls"][std::string(kCallNames[i])];
    call["kernel"] = outcome_name(report.calls[i].kernel);
    call["anysplice"] = answer_name(report.calls[i].anysplice);
  }
  json["descriptors"] = Json::array();
  for (const Row& row : report.rows) {
    Json entry;
    entry["kind"] = row.kind;
    for (size_t i = 0; i < kCalls; ++i) {
      for (const Direction direction : {kFrom, kTo}) {
        Json& cell = entry[std::string(kCallNames[i])][kDirectionNames[direction]];
        cell["kernel"] = json_attempt(row.cells[i][direction].kernel, outcome_name);
        cell["anysplice"] = json_attempt(row.cells[i][direction].anysplice, answer_name);
      }
    }
    json["descriptors"].push_back(entry);
  }
  // A path need not be valid UTF-8; what is not becomes U+FFFD.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools
