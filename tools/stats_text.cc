#include "tools/stats_text.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/block.h"
#include "tools/errno_names.h"

namespace anysplice::tools {
namespace {

using Json = nlohmann::ordered_json;

uint64_t value(const Counter& counter) { return counter.load(std::memory_order_relaxed); }

class Lines {
 public:
  void add(absl::string_view key, const Counter& counter) {
    absl::StrAppend(&text_, key, " ", value(counter), "\n");
  }
  void add_if_any(absl::string_view key, const Counter& counter) {
    if (value(counter) != 0) add(key, counter);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// The smallest value that a bucket counts.
uint64_t bucket_start(size_t bucket) { return bucket == 0 ? 0 : uint64_t{1} << (bucket - 1); }

std::string error_name(size_t error) {
  return error == 0 ? "other" : errno_name(static_cast<int>(error));
}

void add_call(size_t call, const Stats& stats, Lines* lines) {
  const std::string name(kCallNames[call]);
  const CallCounters& counters = stats.call[call];
  if (value(counters.native_calls) == 0 && value(counters.engine_calls) == 0) return;
  lines->add(name + ".native_calls", counters.native_calls);
  lines->add(name + ".native_bytes", counters.native_bytes);
  lines->add(name + ".engine_calls", counters.engine_calls);
  lines->add(name + ".engine_bytes", counters.engine_bytes);
  for (const AnsweredBy by : {AnsweredBy::kRing, AnsweredBy::kCopy}) {
    const auto index = static_cast<size_t>(by);
    const CarrierCounters& carrier = stats.details[call].by[index];
    if (value(carrier.calls) == 0) continue;
    lines->add(absl::StrCat(name, ".", answered_by_names[index], "_calls"), carrier.calls);
    lines->add(absl::StrCat(name, ".", answered_by_names[index], "_bytes"), carrier.bytes);
  }
}

void add_details(size_t call, const Stats& stats, Lines* lines) {
  const CallDetails& details = stats.details[call];
  for (size_t error = 0; error < kErrors; ++error) {
    lines->add_if_any(absl::StrCat(kCallNames[call], ".errors.", error_name(error)),
                      details.errors[error]);
  }
  for (size_t by = 0; by < kCarriers; ++by) {
    const std::string name = absl::StrCat(kCallNames[call], ".", answered_by_names[by]);
    for (size_t i = 0; i < kSizes; ++i) {
      lines->add_if_any(absl::StrCat(name, ".sizes.", bucket_start(i)), details.by[by].sizes[i]);
    }
    for (size_t i = 0; i < kTimes; ++i) {
      lines->add_if_any(absl::StrCat(name, ".ns.", bucket_start(i)), details.by[by].times[i]);
    }
  }
}

Json histogram(const Counter* buckets, size_t size) {
  Json object = Json::object();
  for (size_t i = 0; i < size; ++i) {
    if (const uint64_t n = value(buckets[i]); n != 0) object[std::to_string(bucket_start(i))] = n;
  }
  return object;
}

Json call_as_json(const CallDetails& details) {
  Json call;
  for (size_t by = 0; by < kCarriers; ++by) {
    const CarrierCounters& carrier = details.by[by];
    call[answered_by_names[by]] = {{"calls", value(carrier.calls)},
                                   {"bytes", value(carrier.bytes)},
                                   {"sizes", histogram(carrier.sizes, kSizes)},
                                   {"ns", histogram(carrier.times, kTimes)}};
  }
  call["errors"] = Json::object();
  for (size_t error = 0; error < kErrors; ++error) {
    const uint64_t n = value(details.errors[error]);
    if (n != 0) call["errors"][error_name(error)] = n;
  }
  return call;
}

Json processes_as_json(const Stats& stats) {
  Json processes = Json::array();
  for (const ProcessCounters& process : stats.process) {
    if (value(process.calls) == 0) continue;
    Json one = {{"pid", value(process.pid)},
                {"calls", value(process.calls)},
                {"errors", value(process.errors)}};
    for (size_t by = 0; by < kCarriers; ++by) {
      one[absl::StrCat(answered_by_names[by], "_bytes")] = value(process.bytes[by]);
    }
    processes.push_back(std::move(one));
  }
  return processes;
}

}  // namespace

std::string stats_as_lines(const Stats& stats) {
  Lines lines;
  for (size_t call = 0; call < kCalls; ++call) add_call(call, stats, &lines);
  lines.add("processes", stats.processes);
  if (value(stats.rings) != 0) {
    lines.add("rings", stats.rings);
    lines.add("ring_bytes", stats.ring_bytes);
  }
  if (value(stats.settles) != 0) {
    lines.add("settles", stats.settles);
    lines.add("settled_bytes", stats.settled_bytes);
  }
  lines.add_if_any("held_bytes", stats.held_bytes);
  for (size_t why = 0; why < kSettleReasons; ++why) {
    if (value(stats.settled[why].times) == 0) continue;
    lines.add(absl::StrCat("settled.", settle_reason_names[why], ".times"),
              stats.settled[why].times);
    lines.add(absl::StrCat("settled.", settle_reason_names[why], ".bytes"),
              stats.settled[why].bytes);
  }
  for (size_t call = 0; call < kCalls; ++call) add_details(call, stats, &lines);
  return lines.take();
}

std::string stats_as_json(const Stats& stats) {
  Json json;
  for (size_t call = 0; call < kCalls; ++call) {
    json["calls"][std::string(kCallNames[call])] = call_as_json(stats.details[call]);
  }
  json["processes"] = value(stats.processes);
  json["rings"] = value(stats.rings);
  json["ring_bytes"] = value(stats.ring_bytes);
  json["settles"] = value(stats.settles);
  json["settled_bytes"] = value(stats.settled_bytes);
  json["held_bytes"] = value(stats.held_bytes);
  json["settled"] = Json::object();
  for (size_t why = 0; why < kSettleReasons; ++why) {
    const SettleCounters& settled = stats.settled[why];
    if (value(settled.times) == 0) continue;
    json["settled"][settle_reason_names[why]] = {{"times", value(settled.times)},
                                                 {"bytes", value(settled.bytes)}};
  }
  json["by_process"] = processes_as_json(stats);
  return json.dump(2) + "\n";
}

}  // namespace anysplice::tools
