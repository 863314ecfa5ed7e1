// splice-conform: compares the splice family of the system it runs on with what Linux does.
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>
#include <stdexcept>

#include "tools/conform/cases/ends.h"
#include "tools/conform/machine.h"
#include "tools/conform/report.h"
#include "tools/conform/selection.h"

namespace conform {
namespace {

constexpr const char kHelp[] =
    R"(Usage: splice-conform [OPTION]...

Makes the calls splice, tee, vmsplice, sendfile and copy_file_range, and what
goes with them, in thousands of situations, and compares what the system does
with what Linux does. Prints TAP 14.

  --only=LIST      only these cases: calls, kinds of ends, properties or ids,
                   separated by commas; an id may have * in it. May be given
                   several times. kind=pipe says which of them is meant
  --skip=LIST      not these
  --list           print the ids and what each case is about
  --summary        print a table of calls and kinds of ends instead
  --json           print one JSON object instead
  --junit=FILE     also write JUnit XML
  --baseline=FILE  ids of known differences, one a line, with a comment after #;
                   only other differences fail
  --expect=FILE    compare with these expectations; or with those built in, by
                   name (linux-6.1, linux-6.18). Without it, with those built in
                   whose Linux is nearest to this system
  --record=FILE    write what this system does as expectations
  --timeout=S      seconds that a case may take (default 120)
  --jobs=N         cases at a time (default 24, for root; 8 for others)
  --help, --version

The exit status is 0 if nothing differs but what the baseline has, 1 if something
does, and 2 if the options are wrong or the cases cannot run. See docs/conform.md.
)";

enum Flag {
  kOnly = 256,
  kSkip,
  kList,
  kSummary,
  kJson,
  kJunit,
  kBaseline,
  kExpect,
  kRecord,
  kTimeout,
  kJobs,
  kHelpFlag,
  kVersion
};

constexpr option kOptions[] = {
    {"only", required_argument, nullptr, kOnly},
    {"skip", required_argument, nullptr, kSkip},
    {"list", no_argument, nullptr, kList},
    {"summary", no_argument, nullptr, kSummary},
    {"json", no_argument, nullptr, kJson},
    {"junit", required_argument, nullptr, kJunit},
    {"baseline", required_argument, nullptr, kBaseline},
    {"expect", required_argument, nullptr, kExpect},
    {"record", required_argument, nullptr, kRecord},
    {"timeout", required_argument, nullptr, kTimeout},
    {"jobs", required_argument, nullptr, kJobs},
    {"help", no_argument, nullptr, kHelpFlag},
    {"version", no_argument, nullptr, kVersion},
    {},
};

enum class Format { kTap, kTable, kJson };

struct Options {
  Selection selection;
  Format format = Format::kTap;
  bool list = false;
  std::string junit, record, expect;
  std::set<std::string> baseline;
  oracle::Limits limits;
};

Options options;

int number(const char* name, const char* text) {
  char* end;
  errno = 0;
  const long n = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || n < 1 || n > 100000) {
    throw std::invalid_argument(std::string(name) + " takes a number from 1 to 100000, not '" +
                                text + "'");
  }
  return static_cast<int>(n);
}

std::set<std::string> read_baseline(const char* file) {
  std::ifstream stream(file);
  if (!stream) throw std::invalid_argument(std::string("cannot read ") + file);
  std::set<std::string> known, ids;
  for (const Item& item : catalogue()) known.insert(item.id);
  for (std::string line; std::getline(stream, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    while (!line.empty() && isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (line.empty()) continue;
    if (!known.contains(line)) {
      throw std::invalid_argument(std::string(file) + ": no case has the id '" + line + "'");
    }
    ids.insert(line);
  }
  return ids;
}

// What to do, or an exit status if that is already all.
std::optional<int> parse(int argc, char** argv) {
  options.limits.at_once = geteuid() == 0 ? 24 : 8;  // others share a limit of pipe buffers
  int flag;
  while ((flag = getopt_long(argc, argv, "", kOptions, nullptr)) != -1) {
    switch (flag) {
      case kOnly:
        options.selection.only(optarg);
        break;
      case kSkip:
        options.selection.skip(optarg);
        break;
      case kList:
        options.list = true;
        break;
      case kSummary:
        options.format = Format::kTable;
        break;
      case kJson:
        options.format = Format::kJson;
        break;
      case kJunit:
        options.junit = optarg;
        break;
      case kBaseline:
        options.baseline.merge(read_baseline(optarg));
        break;
      case kExpect:
        options.expect = optarg;
        break;
      case kRecord:
        options.record = optarg;
        break;
      case kTimeout:
        options.limits.seconds = number("--timeout", optarg);
        break;
      case kJobs:
        options.limits.at_once = static_cast<size_t>(number("--jobs", optarg));
        break;
      case kHelpFlag:
        fputs(kHelp, stdout);
        return 0;
      case kVersion:
        puts("splice-conform " ANYSPLICE_VERSION);
        return 0;
      default:
        fputs("Try 'splice-conform --help'\n", stderr);
        return 2;
    }
  }
  if (optind < argc) {
    throw std::invalid_argument(std::string("'") + argv[optind] + "' is no option");
  }
  return std::nullopt;
}

std::vector<Planned> plan() {
  std::vector<Planned> all;
  for (const Item& item : catalogue()) {
    if (!options.selection.wants(item)) continue;
    const std::string* word = options.selection.left_out_by(item);
    all.push_back({&item, word != nullptr ? *word : ""});
  }
  return all;
}

int list(const std::vector<Planned>& chosen) {
  for (const Planned& one : chosen) {
    if (!one.skipped.empty()) continue;
    printf("%s\n  %s\n  %s\n", one.item->id.c_str(), one.item->body.name.c_str(),
           one.item->topic->rests_on);
  }
  return 0;
}

int record_here(const std::vector<Planned>& chosen) {
  const Expectations all =
      record(chosen, options.limits, [](const Item& item, const std::string& why) {
        printf("not recorded: %s: %s\n", item.id.c_str(), why.c_str());
      });
  write_expectations(all, options.record);
  printf("%zu of %zu cases recorded on %s\n", all.cases.size(), chosen.size(), all.system.c_str());
  return 0;
}

// Whether files of the folder in which the cases make theirs can be that large. Throws
// std::runtime_error if there can be none.
bool files_reach_far() {
  std::string path = folder_of_files() + "/splice-conform.XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) {
    throw std::runtime_error("cannot make a file in " + folder_of_files() + " (" + strerror(errno) +
                             "); name a folder in TMPDIR");
  }
  unlink(path.c_str());
  const bool far = lseek(file, std::numeric_limits<off_t>::max() - 10, SEEK_SET) >= 0;
  close(file);
  return far;
}

int compare(const std::vector<Planned>& chosen) {
  const Expectations expected = read_expectations(options.expect);
  std::ofstream junit;
  if (!options.junit.empty()) {
    junit.open(options.junit);
    if (!junit) throw std::invalid_argument("cannot write " + options.junit);
  }
  const bool tap = options.format == Format::kTap;
  oracle::leaves_out_far = files_reach_far();
  if (tap) tap_begin(stdout, chosen.size(), expected);
  if (oracle::leaves_out_far && tap) puts("# not tried: offsets that not all file systems reach");
  size_t told = 0;
  const Results results =
      run(chosen, expected, options.baseline, options.limits, [&](const Result& result) {
        if (tap) tap_tell(stdout, ++told, result);
        fflush(stdout);
      });
  if (tap) tap_end(stdout, results);
  if (options.format == Format::kTable) fputs(as_table(results).c_str(), stdout);
  if (options.format == Format::kJson) fputs(as_json(results).c_str(), stdout);
  if (!options.junit.empty() && !(junit << as_junit(results) << std::flush)) {
    throw std::runtime_error("cannot write " + options.junit);
  }
  if (fflush(stdout) != 0) throw std::runtime_error("cannot write the report");
  return results.count_new() == 0 ? 0 : 1;
}

// Whether /proc is there, and not that of other processes with the same numbers.
bool proc_tells() {
  char self[32] = {};
  return readlink("/proc/self", self, sizeof self - 1) > 0 && self == std::to_string(getpid()) &&
         oracle::state_of(getpid(), getpid()) != '?';
}

int work(int argc, char** argv) {
  if (const std::optional<int> status = parse(argc, argv)) return *status;
  if (options.list) return list(plan());
  for (const Lack& lack : lacks_here()) options.selection.skip(lack);
  const std::vector<Planned> chosen = plan();
  if (!proc_tells()) {
    throw std::runtime_error(
        "/proc does not tell which tasks are asleep, so calls that wait cannot be judged; mount "
        "it, that of this PID namespace");
  }
  oracle::leaves_out_end = [](const char* name) { return options.selection.leaves_out_end(name); };
  return options.record.empty() ? compare(chosen) : record_here(chosen);
}

}  // namespace
}  // namespace conform

int main(int argc, char** argv) {
  try {
    return conform::work(argc, argv);
  } catch (const std::exception& error) {
    fprintf(stderr, "splice-conform: %s\n", error.what());
    return 2;
  }
}
