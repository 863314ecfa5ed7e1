#include "tools/conform/machine.h"
#include "tools/conform/report.h"

namespace conform {
namespace {

// In double quotes, which YAML reads as JSON does. Outcomes hold printable characters only.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// What follows a "#" could be taken for a directive.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

void field(FILE* out, const char* name, const std::string& value) {
  if (!value.empty()) fprintf(out, "  %s: %s\n", name, quoted(value).c_str());
}

}  // namespace

void tap_begin(FILE* out, size_t cases, const Expectations& expected) {
  fprintf(out, "TAP version 14\n1..%zu\n# on %s, compared with %s\n", cases, this_system().c_str(),
          expected.system.c_str());
  // What the answers depend on, as far as it is told by numbers.
  const std::map<std::string, std::string> here = this_machine();
  for (const auto& [name, value] : expected.recorded_on) {
    const auto own = here.find(name);
    if (name.find('.') == std::string::npos || own == here.end() || own->second == value) continue;
    fprintf(out, "# %s is %s, where it was recorded %s: answers may differ\n", name.c_str(),
            own->second.c_str(), value.c_str());
  }
}

void tap_tell(FILE* out, size_t number, const Result& result) {
  const bool different = result.verdict == Verdict::kDifferent;
  fprintf(out, "%sok %zu - %s", different ? "not " : "", number, result.item->id.c_str());
  if (result.verdict == Verdict::kSkipped) {
    fprintf(out, " # SKIP %s", escaped(result.reason).c_str());
  } else if (different && result.listed) {
    fputs(" # TODO a known difference", out);
  }
  fputc('\n', out);
  if (result.is_gone()) fputs("# listed as a known difference, but it is none any more\n", out);
  if (!different) return;
  const Difference& found = result.difference;
  fputs("  ---\n", out);
  field(out, "call", result.item->call);
  field(out, "case", result.item->body.name);
  field(out, "step", found.step);
  field(out, "after", found.after);
  field(out, "linux", found.expected);
  field(out, "came", found.came);
  fprintf(out, "  steps: {different: %zu, all: %zu}\n", found.different, result.steps);
  field(out, "rests_on", result.item->topic->rests_on);
  fputs("  ...\n", out);
}

void tap_end(FILE* out, const Results& results) {
  size_t gone = 0, known = 0;
  for (const Result& one : results.all) {
    gone += one.is_gone();
    known += one.verdict == Verdict::kDifferent && one.listed;
  }
  for (const Result& one : results.all) {
    if (one.is_gone()) fprintf(out, "# gone: %s\n", one.item->id.c_str());
  }
  for (const std::string& id : results.not_run) {
    fprintf(out, "# in the baseline, but not run: %s\n", id.c_str());
  }
  fprintf(out,
          "# %zu cases: %zu as expected, %zu new differences, %zu known, %zu gone, %zu skipped\n",
          results.all.size(), results.count(Verdict::kSame), results.count_new(), known, gone,
          results.count(Verdict::kSkipped));
}

}  // namespace conform
