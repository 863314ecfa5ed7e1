// One page with everything in it: no script, no font, nothing to be fetched.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/bench/report.h"
#include "tools/bench/svg.h"

namespace anysplice::tools::bench {
namespace {

constexpr absl::string_view kStyle = R"(<style>
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --soft: #656d76; --grid: #d8dee4;
  --c0: #767f89; --c1: #0969da; --c2: #e36c0a; --c3: #8250df; --c4: #1a7f52; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --soft: #9aa4ae;
  --grid: #30363d; --c0: #9aa4ae; --c1: #58a6ff; --c2: #f0883e; --c3: #bc8cff; --c4: #3fb97f; } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
  max-width: 900px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.2em; margin: 2em 0 .2em; }
p { margin: .3em 0 .8em; } .soft { color: var(--soft); }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
svg .name { fill: var(--text); font-size: 12.5px; } svg .value { fill: var(--text); }
.grid { stroke: var(--grid); stroke-width: 1; } .one { stroke: var(--text); stroke-width: 1.5; }
.spread { stroke: var(--text); stroke-width: 1.5; opacity: .7; }
polyline { fill: none; stroke-width: 2; }
.s0 { fill: var(--c0); background: var(--c0); } .l0 { stroke: var(--c0); }
.s1 { fill: var(--c1); background: var(--c1); } .l1 { stroke: var(--c1); }
.s2 { fill: var(--c2); background: var(--c2); } .l2 { stroke: var(--c2); }
.s3 { fill: var(--c3); background: var(--c3); } .l3 { stroke: var(--c3); }
.s4 { fill: var(--c4); background: var(--c4); } .l4 { stroke: var(--c4); }
.key span { display: inline-block; width: .8em; height: .8em; border-radius: 2px;
  margin: 0 .4em 0 1.2em; } .key span:first-child { margin-left: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; width: 100%; }
th, td { text-align: right; padding: .2em .6em; border-bottom: 1px solid var(--grid);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { font-weight: 600; }
</style>
)";

// The sides as the table on the terminal calls them, in the order of their colours.
std::string key_of(absl::Span<const Side> sides) {
  std::string out = "<p class=\"key soft\">";
  for (const Side side : sides) {
    absl::StrAppendFormat(&out, "<span class=\"s%d\"></span>%s", index_of(side), name_of(side));
  }
  return out + "</p>\n";
}

std::string heading(absl::string_view title, absl::string_view explanation) {
  return absl::StrCat("<h2>", escaped(std::string(title)), "</h2>\n<p class=\"soft\">",
                      escaped(std::string(explanation)), "</p>\n");
}

Bar bar_of(const Row& row, Side side) {
  const SideResult& result = row.result.of(side);
  return {index_of(side), result.ratio,
          absl::StrCat(name_of(side), ": ", ratio(result), " of the kernel's speed; ",
                       absolute(*row.kind, result), " against ",
                       absolute(*row.kind, row.result.of(Side::kKernel)))};
}

std::string ratio_bars(const BenchReport& report, absl::Span<const Side> sides) {
  std::vector<BarGroup> groups;
  for (const Row& row : report.rows) {
    if (row.group != Group::kScenarios) continue;
    BarGroup bars{label_of(row), {}};
    for (const Side side : sides) {
      if (row.result.of(side).ratio.count > 0) bars.bars.push_back(bar_of(row, side));
    }
    if (!bars.bars.empty()) groups.push_back(std::move(bars));
  }
  return groups.empty() ? "" : bar_chart(groups);
}

double height_of(const Row& row, const SideResult& result) {
  return row.kind->by_time ? result.seconds.median * 1e6 : result.bytes.median / 1e6;
}

// The curves of one kind of work over what its group varies.
std::string curves_of(const BenchReport& report, Group group, const Kind& kind) {
  Curves curves;
  curves.unit = kind.by_time ? "us" : "MB/s";
  std::vector<Side> sides;
  for (const Side side : kAllSides) {
    Curve curve{index_of(side), {}};
    bool any = false;
    curves.x.clear();
    for (const Row& row : report.rows) {
      if (row.group != group || row.kind != &kind) continue;
      curves.x.push_back(label_of(row));
      curve.y.push_back(height_of(row, row.result.of(side)));
      any = any || curve.y.back() > 0;
    }
    if (!any) continue;
    curves.curves.push_back(std::move(curve));
    sides.push_back(side);
  }
  return sides.empty() ? "" : absl::StrCat(key_of(sides), line_chart(curves));
}

// Every kind of work that a group has, once.
std::vector<const Kind*> kinds_of(const BenchReport& report, Group group) {
  std::vector<const Kind*> kinds;
  for (const Row& row : report.rows) {
    if (row.group == group && (kinds.empty() || kinds.back() != row.kind)) {
      kinds.push_back(row.kind);
    }
  }
  return kinds;
}

std::string table_of(const BenchReport& report) {
  std::string out = "<div class=\"wide\"><table>\n<tr><th>work</th>";
  for (const Side side : kAllSides) absl::StrAppend(&out, "<th>", name_of(side), "</th>");
  absl::StrAppend(&out, "<th>rings on / kernel</th><th>rings off / kernel</th></tr>\n");
  for (const Row& row : report.rows) {
    const std::string label = row.group == Group::kScenarios
                                  ? label_of(row)
                                  : absl::StrCat(row.kind->title, ", ", label_of(row));
    absl::StrAppend(&out, "<tr><td>", escaped(label), "</td>");
    for (const Side side : kAllSides) {
      absl::StrAppend(&out, "<td>", absolute(*row.kind, row.result.of(side)), "</td>");
    }
    absl::StrAppend(&out, "<td>", ratio(row.result.of(Side::kRings)), "</td><td>",
                    ratio(row.result.of(Side::kNoRings)), "</td></tr>\n");
  }
  return out + "</table></div>\n";
}

std::string cost_row(absl::string_view what, const Summary& without, const Summary& with,
                     const Summary& more, absl::string_view unit) {
  return absl::StrFormat(
      "<tr><td>%s</td><td>%.1f %s</td><td>%.1f %s</td><td>%+.1f (%+.1f to %+.1f)</td></tr>\n", what,
      without.median, unit, with.median, unit, more.median, more.low, more.high);
}

std::string costs_of(const BenchReport& report) {
  if (!report.pass_through && !report.exec) return "";
  std::string out =
      heading("What the preload costs",
              "Calls that have nothing to do with the library, and the start of a program, in "
              "processes with and without it that take turns.");
  absl::StrAppend(&out,
                  "<div class=\"wide\"><table>\n<tr><th></th><th>without</th><th>with</th>"
                  "<th>more, median and quartiles</th></tr>\n");
  if (report.pass_through) {
    const CallCost& read = report.pass_through->read;
    const CallCost& write = report.pass_through->write;
    absl::StrAppend(&out,
                    cost_row("read /dev/zero", read.without, read.with, read.difference, "ns"),
                    cost_row("write /dev/null", write.without, write.with, write.difference, "ns"));
  }
  if (report.exec) {
    const ExecCost& exec = *report.exec;
    absl::StrAppend(
        &out, cost_row("exec " + exec.program, exec.without, exec.with, exec.difference, "us"));
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string as_html(const BenchReport& report) {
  constexpr Side kEmulations[] = {Side::kRings, Side::kNoRings, Side::kCopies, Side::kLoop};
  std::string out = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>anysplice bench</title>\n",
      kStyle, "</head>\n<body>\n<h1>anysplice and the kernel's splice</h1>\n<p class=\"soft\">",
      escaped(absl::StrFormat("anysplice %s, %s, %d processors, %s an operation, up to %d rounds "
                              "of slices of %.0f ms",
                              ANYSPLICE_VERSION, report.system, report.processors,
                              size_name(report.size), report.plan.rounds, report.plan.slice * 1e3)),
      "</p>\n");
  if (const std::string bars = ratio_bars(report, kEmulations); !bars.empty()) {
    absl::StrAppend(&out,
                    heading("Speed, the kernel's being 1",
                            "Longer is faster. Medians of paired slices; the dark line goes from "
                            "quartile to quartile. Bars beyond the edge are cut off."),
                    key_of(kEmulations), bars);
  }
  for (const Kind* kind : kinds_of(report, Group::kSizes)) {
    absl::StrAppend(
        &out, heading(absl::StrCat(kind->title, ", by the size of an operation"), kind->explain),
        curves_of(report, Group::kSizes, *kind));
  }
  constexpr struct {
    Group group;
    absl::string_view title;
    absl::string_view explain;
  } kGrowing[] = {
      {Group::kPipes, "Many pipes alive", "Time of an operation on each pipe in turn: "},
      {Group::kThreads, "Threads with a pipe each", "Time divided by the operations of all: "},
      {Group::kSharing, "Threads with one pipe", "Time divided by the operations of all: "},
  };
  for (const auto& growing : kGrowing) {
    for (const Kind* kind : kinds_of(report, growing.group)) {
      absl::StrAppend(&out, heading(growing.title, absl::StrCat(growing.explain, kind->explain)),
                      curves_of(report, growing.group, *kind));
    }
  }
  absl::StrAppend(&out, costs_of(report));
  if (!report.rows.empty()) {
    absl::StrAppend(&out, heading("All numbers", "Medians; in brackets the quartiles."),
                    table_of(report));
  }
  for (const std::string& problem : report.problems) {
    absl::StrAppend(&out, "<p>Not measured: ", escaped(problem), "</p>\n");
  }
  return out + "</body>\n</html>\n";
}

}  // namespace anysplice::tools::bench
