#include "tools/top_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/block.h"
#include "tools/counted.h"

namespace anysplice::tools {
namespace {

uint64_t value(const Counter& counter) { return counter.load(std::memory_order_relaxed); }

// Three digits that tell something: "0", "999", "1.2", "35".
std::string short_number(double number) {
  return number < 9.95 && number != static_cast<int>(number) ? absl::StrFormat("%.1f", number)
                                                             : absl::StrFormat("%.0f", number);
}

std::string with_unit(double number, std::initializer_list<const char*> units) {
  auto unit = units.begin();
  for (; number >= 999.5 && unit + 1 != units.end(); ++unit) number /= 1000;
  return absl::StrCat(short_number(number), " ", *unit);
}

class Difference {
 public:
  explicit Difference(const TopLook& look) : look_(look) {}

  // Of a counter somewhere in the current block.
  uint64_t of(const Counter& counter) const {
    const auto* const base = reinterpret_cast<const Counter*>(&look_.now);
    return value(counter) - value(reinterpret_cast<const Counter*>(&look_.before)[&counter - base]);
  }
  std::string rate(double n) const { return absl::StrFormat("%.0f", n / look_.seconds); }
  std::string bytes_rate(uint64_t n) const {
    return short_bytes(static_cast<double>(n) / look_.seconds);
  }

 private:
  const TopLook& look_;
};

// The time within which that part of the calls were over; empty if there were none.
std::string time_of_part(const Difference& difference, const CallDetails& details, double part) {
  uint64_t counts[kTimes] = {};
  uint64_t all = 0;
  for (const CarrierCounters& carrier : details.by) {
    for (size_t i = 0; i < kTimes; ++i) {
      const uint64_t n = difference.of(carrier.times[i]);
      counts[i] += n;
      all += n;
    }
  }
  if (all == 0) return "";
  uint64_t seen = 0;
  size_t i = 0;
  for (; i < kTimes; ++i) {
    seen += counts[i];
    if (static_cast<double>(seen) >= part * static_cast<double>(all)) break;
  }
  return short_time(static_cast<double>(uint64_t{1} << i));
}

std::string call_line(const Difference& difference, const TopLook& look, size_t call) {
  const CallDetails& details = look.now.details[call];
  uint64_t calls = 0;
  uint64_t errors = 0;
  for (const CarrierCounters& carrier : details.by) calls += difference.of(carrier.calls);
  for (const Counter& error : details.errors) errors += difference.of(error);
  const auto bytes = [&](AnsweredBy by) {
    return difference.bytes_rate(difference.of(details.by[static_cast<size_t>(by)].bytes));
  };
  return absl::StrFormat(
      "%-15s%8s%9s%10s%10s%10s%9s%9s", kCallNames[call],
      difference.rate(static_cast<double>(calls)), difference.rate(static_cast<double>(errors)),
      bytes(AnsweredBy::kKernel), bytes(AnsweredBy::kRing), bytes(AnsweredBy::kCopy),
      time_of_part(difference, details, 0.5), time_of_part(difference, details, 0.99));
}

std::string totals_line(const TopLook& look) {
  uint64_t calls = 0;
  uint64_t errors = 0;
  uint64_t bytes[kCarriers] = {};
  for (const CallDetails& details : look.now.details) {
    for (const Counter& error : details.errors) errors += value(error);
    for (size_t by = 0; by < kCarriers; ++by) {
      calls += value(details.by[by].calls);
      bytes[by] += value(details.by[by].bytes);
    }
  }
  const auto total = [&](AnsweredBy by) {
    return short_bytes(static_cast<double>(bytes[static_cast<size_t>(by)]));
  };
  return absl::StrCat("In all: ", counted(calls, "call"), ", ", counted(errors, "error"),
                      "; kernel ", total(AnsweredBy::kKernel), ", ring ", total(AnsweredBy::kRing),
                      ", copy ", total(AnsweredBy::kCopy));
}

std::string pipes_line(const TopLook& look) {
  std::vector<std::pair<uint64_t, std::string>> reasons;
  for (size_t why = 0; why < kSettleReasons; ++why) {
    const uint64_t times = value(look.now.settled[why].times);
    if (times != 0) reasons.emplace_back(times, absl::StrCat(settle_reason_names[why], " ", times));
  }
  std::sort(reasons.rbegin(), reasons.rend());
  std::vector<std::string> names;
  for (const auto& reason : reasons) names.push_back(reason.second);
  return absl::StrCat("Pipes:  ", counted(value(look.now.rings), "ring"),
                      "; settled: ", names.empty() ? "none" : absl::StrJoin(names, ", "));
}

std::string sizes_line(const Difference& difference, const TopLook& look) {
  uint64_t counts[kSizes] = {};
  uint64_t all = 0;
  for (const CallDetails& details : look.now.details) {
    for (const CarrierCounters& carrier : details.by) {
      for (size_t i = 0; i < kSizes; ++i) {
        counts[i] += difference.of(carrier.sizes[i]);
        all += difference.of(carrier.sizes[i]);
      }
    }
  }
  std::vector<std::string> parts;
  for (size_t i = 0; i < kSizes; ++i) {
    if (counts[i] == 0) continue;
    const uint64_t from = i == 0 ? 0 : uint64_t{1} << (i - 1);
    const std::string size = from < 1024            ? absl::StrCat(from)
                             : from < 1024UL * 1024 ? absl::StrCat(from / 1024, "K")
                                                    : absl::StrCat(from / 1024 / 1024, "M");
    const auto share = static_cast<double>(counts[i]) / static_cast<double>(all);
    parts.push_back(absl::StrFormat("%s %.0f%%", size, share * 100));
  }
  return absl::StrCat("Sizes:  ", parts.empty() ? "none" : absl::StrJoin(parts, ", "));
}

struct ProcessLine {
  uint64_t bytes;
  uint64_t calls;
  std::string text;
};

// Those that did something since the last look, or are still there; the busiest first.
std::vector<ProcessLine> process_lines(const Difference& difference, const TopLook& look) {
  std::vector<ProcessLine> lines;
  for (size_t i = 0; i < kProcesses; ++i) {
    const ProcessCounters& process = look.now.process[i];
    if (value(process.calls) == 0) continue;
    const uint64_t pid = value(process.pid);
    const std::string name = pid == 0 ? "" : look.name_of(pid);
    ProcessLine line{0, difference.of(process.calls), ""};
    if (line.calls == 0 && name.empty()) continue;
    std::string rates;
    for (const Counter& counter : process.bytes) {
      const uint64_t bytes = difference.of(counter);
      line.bytes += bytes;
      rates += absl::StrFormat("%10s", difference.bytes_rate(bytes));
    }
    line.text = absl::StrFormat("%-10s%9s%10s%s  %s", pid == 0 ? "others" : absl::StrCat(pid),
                                difference.rate(static_cast<double>(line.calls)),
                                difference.rate(static_cast<double>(difference.of(process.errors))),
                                rates, name.empty() ? "(ended)" : name);
    lines.push_back(std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(), [](const ProcessLine& a, const ProcessLine& b) {
    return std::pair(a.bytes, a.calls) > std::pair(b.bytes, b.calls);
  });
  return lines;
}

}  // namespace

std::unique_ptr<Stats> copy_of(const Stats& stats) {
  static_assert(sizeof(Stats) % sizeof(Counter) == 0);
  auto copy = std::make_unique<Stats>();
  const auto* from = reinterpret_cast<const Counter*>(&stats);
  auto* to = reinterpret_cast<Counter*>(copy.get());
  for (size_t i = 0; i < sizeof(Stats) / sizeof(Counter); ++i) to[i] = value(from[i]);
  return copy;
}

std::string short_bytes(double bytes) {
  return with_unit(bytes, {"B", "KB", "MB", "GB", "TB", "PB"});
}

std::string short_time(double nanoseconds) {
  return with_unit(nanoseconds, {"ns", "us", "ms", "s"});
}

std::vector<std::string> top_lines(const TopLook& look, absl::string_view title, size_t width,
                                   size_t height) {
  const Difference difference(look);
  std::vector<std::string> lines = {std::string(title), ""};
  lines.push_back(absl::StrFormat("%-15s%8s%9s%10s%10s%10s%9s%9s", "CALL", "CALLS/s", "ERRORS/s",
                                  "KERNEL/s", "RING/s", "COPY/s", "HALF IN", "99% IN"));
  for (size_t call = 0; call < kCalls; ++call) lines.push_back(call_line(difference, look, call));
  lines.insert(lines.end(),
               {"", totals_line(look), pipes_line(look), sizes_line(difference, look)});
  const std::vector<ProcessLine> processes = process_lines(difference, look);
  if (!processes.empty()) {
    lines.push_back("");
    lines.push_back(absl::StrFormat("%-10s%9s%10s%10s%10s%10s  %s", "PROCESS", "CALLS/s",
                                    "ERRORS/s", "KERNEL/s", "RING/s", "COPY/s", "NAME"));
  }
  for (const ProcessLine& process : processes) lines.push_back(process.text);
  if (lines.size() > height) lines.resize(height);
  for (std::string& line : lines) line = line.substr(0, width);
  return lines;
}

}  // namespace anysplice::tools
