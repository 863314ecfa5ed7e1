// The words of a report, and the table.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/bench/report.h"
#include "tools/errno_names.h"

namespace anysplice::tools::bench {
namespace {

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// At least three, and at most two decimals.
std::string three_digits(double value) {
  return absl::StrFormat("%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
}

std::string line_of(absl::string_view label, absl::string_view kernel, absl::string_view rings,
                    absl::string_view on, absl::string_view cpu, absl::string_view off,
                    absl::string_view copies, absl::string_view loop) {
  return trimmed(absl::StrFormat("%-29s %9s %9s  %-16s %-4s  %-16s %8s %7s", label, kernel, rings,
                                 on, cpu, off, copies, loop));
}

std::string short_ratio(const SideResult& result, const Summary& ratio) {
  return ratio.count > 0 ? three_digits(ratio.median) : hindrance(result);
}

std::string line_of(const Row& row) {
  const Result& r = row.result;
  return line_of(label_of(row), absolute(*row.kind, r.of(Side::kKernel)),
                 absolute(*row.kind, r.of(Side::kRings)), ratio(r.of(Side::kRings)),
                 short_ratio(r.of(Side::kRings), r.of(Side::kRings).processor_ratio),
                 ratio(r.of(Side::kNoRings)),
                 short_ratio(r.of(Side::kCopies), r.of(Side::kCopies).ratio),
                 short_ratio(r.of(Side::kLoop), r.of(Side::kLoop).ratio));
}

std::string group_table(const BenchReport& report, Group group) {
  std::string out;
  const Kind* kind = nullptr;
  for (const Row& row : report.rows) {
    if (row.group != group) continue;
    if (out.empty()) {
      out = absl::StrCat("\n", line_of(title_of(group), "kernel", "rings on", "rings on/kernel",
                                       "cpu", "rings off/kernel", "4 copies", "no pipe"));
    }
    if (group != Group::kScenarios && row.kind != kind) {
      absl::StrAppend(&out, row.kind->title,
                      group == Group::kSizes ? "" : ", " + size_name(row.setting.size), "\n");
    }
    kind = row.kind;
    absl::StrAppend(&out, line_of(row));
  }
  return out;
}

std::string cost_line(absl::string_view label, const Summary& without, const Summary& with,
                      const Summary& more, absl::string_view unit) {
  return absl::StrFormat("%-29s %9.1f %9.1f  %+.1f (%+.1f to %+.1f) %s\n", label, without.median,
                         with.median, more.median, more.low, more.high, unit);
}

void add_inside(std::string* out, absl::string_view label, const CallCost& cost) {
  if (cost.inside.count == 0) return;
  absl::StrAppendFormat(out, "%-29s %9s %9s  %+.1f (%+.1f to %+.1f) ns; without preload %+.1f\n",
                        label, "", "", cost.inside.median, cost.inside.low, cost.inside.high,
                        cost.inside_without.median);
}

std::string cost_table(const BenchReport& report) {
  if (!report.pass_through && !report.exec) return "";
  std::string out =
      absl::StrFormat("\n%-29s %9s %9s  %s\n", "cost of the preload", "without", "with", "more");
  if (report.pass_through) {
    const PassThrough& cost = *report.pass_through;
    const auto add = [&](absl::string_view name, const CallCost& call) {
      absl::StrAppend(&out, cost_line(absl::StrCat(name, ", 1 byte"), call.without, call.with,
                                      call.difference, "ns"));
      add_inside(&out, "  within one process", call);
    };
    add("read /dev/zero", cost.read);
    add("write /dev/null", cost.write);
  }
  if (report.exec) {
    const ExecCost& cost = *report.exec;
    absl::StrAppend(&out, cost_line(absl::StrCat("exec ", cost.program), cost.without, cost.with,
                                    cost.difference, "us"));
  }
  return out;
}

}  // namespace

absl::string_view suffix_of(Placement placement) {
  switch (placement) {
    case Placement::kTogether:
      return ", together";
    case Placement::kApart:
      return ", apart";
    case Placement::kAnywhere:
      break;
  }
  return "";
}

absl::string_view title_of(Group group) {
  switch (group) {
    case Group::kScenarios:
      return "scenario";
    case Group::kThreads:
      return "threads, in sum";
    case Group::kSharing:
      return "threads, one pipe";
    case Group::kPipes:
      return "pipes alive";
    case Group::kSizes:
      return "bytes an operation";
  }
  return "";
}

std::string size_name(size_t bytes) {
  if (bytes >= 1 << 20 && bytes % (1 << 20) == 0) return absl::StrCat(bytes >> 20, " MiB");
  if (bytes >= 1 << 10 && bytes % (1 << 10) == 0) return absl::StrCat(bytes >> 10, " KiB");
  return absl::StrCat(bytes, " B");
}

std::string label_of(const Row& row) {
  switch (row.group) {
    case Group::kScenarios:
      return absl::StrCat(row.kind->title, suffix_of(row.setting.placement));
    case Group::kThreads:
    case Group::kSharing:
      return absl::StrCat("  ", row.setting.threads,
                          row.setting.threads == 1 ? " thread" : " threads");
    case Group::kPipes:
      return absl::StrCat("  ", row.setting.pipes, row.setting.pipes == 1 ? " pipe" : " pipes");
    case Group::kSizes:
      return absl::StrCat("  ", size_name(row.setting.size));
  }
  return "";
}

std::string hindrance(const SideResult& result) {
  if (result.lost) return "lost";
  return result.error != 0 ? errno_name(result.error) : "-";
}

std::string absolute(const Kind& kind, const SideResult& result) {
  if (!result.ran) return hindrance(result);
  if (kind.by_time) return three_digits(result.seconds.median * 1e6) + " us";
  const double rate = result.bytes.median;
  return rate >= 1e9 ? three_digits(rate / 1e9) + " GB/s" : three_digits(rate / 1e6) + " MB/s";
}

std::string ratio(const SideResult& result) {
  const Summary& r = result.ratio;
  if (!result.ran) return hindrance(result);
  if (r.count == 0) return "-";
  return absl::StrCat(three_digits(r.median), " (", three_digits(r.low), "-", three_digits(r.high),
                      ")");
}

std::string as_table(const BenchReport& report) {
  std::string out = absl::StrFormat(
      "%s, %d processors; %s an operation unless stated otherwise.\n"
      "Speed of anysplice divided by the kernel's, in up to %d pairs of slices of %.0f ms: median\n"
      "and quartiles; higher is better. `4 copies` is splice as read + write through a pipe, `no\n"
      "pipe` the read/write loop a program would use instead, both beside the kernel, too; `cpu` "
      "is\n"
      "the ratio of the processor time of all that take part. Together: they share one processor;\n"
      "apart: the peers have another one.\n",
      report.system, report.processors, size_name(report.size), report.plan.rounds,
      report.plan.slice * 1e3);
  for (const Group group : kAllGroups) absl::StrAppend(&out, group_table(report, group));
  absl::StrAppend(&out, cost_table(report));
  if (!report.problems.empty()) {
    absl::StrAppend(&out, "\nNot measured:\n  ", absl::StrJoin(report.problems, "\n  "), "\n");
  }
  return out;
}

}  // namespace anysplice::tools::bench
