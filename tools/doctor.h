// What `anysplice doctor` finds out: one report, printed as a table or as JSON.
#ifndef ANYSPLICE_TOOLS_DOCTOR_H_
#define ANYSPLICE_TOOLS_DOCTOR_H_

#include <stdint.h>

#include <optional>
#include <string>
#include <vector>

#include "core/policy/mode.h"

namespace anysplice::tools {

// One call, tried once in a process of its own.
struct Attempt {
  enum class Outcome {
    kNotTried,  // no such descriptor can be had here, or it has no such direction
    kWorks,
    kFails,  // with `error`
    kHangs,
    kKilled,  // by a filter (SIGSYS)
    kCrashes,
  };
  Outcome outcome = Outcome::kNotTried;
  int error = 0;
  bool by_engine = false;  // kWorks only: our engine moved the bytes, not the kernel
};

// The same call, asked of the kernel, and of anysplice in auto mode.
struct Cell {
  Attempt kernel;
  Attempt anysplice;
};

enum Direction { kFrom, kTo };  // the descriptor is the source, or the target
inline constexpr size_t kDirections = 2;

struct Row {
  std::string kind;
  Cell cells[kCalls][kDirections];
};

struct LibraryFacts {
  std::string path;     // empty: not found
  std::string problem;  // empty: found, and loads into a program
};

struct SystemFacts {
  std::string kernel;  // "Linux 6.1.0 x86_64"
  bool proc_mounted = false;
  std::optional<uint64_t> pipe_max_size;
  bool rwf_nowait_on_pipes = false;
  LibraryFacts library;
};

struct Report {
  SystemFacts system;
  Cell calls[kCalls];  // the plainest use of each: does it exist here at all?
  std::vector<Row> rows;
};

SystemFacts examine_system();
Report examine();

std::string as_table(const Report& report);
std::string as_json(const Report& report);

// "ok", "EINVAL", "hangs", "killed", "crashes" or "-".
std::string outcome_name(const Attempt& attempt);
// "kernel", "engine", or as outcome_name.
std::string answer_name(const Attempt& attempt);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_DOCTOR_H_
