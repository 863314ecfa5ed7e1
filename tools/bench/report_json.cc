#include <nlohmann/json.hpp>
#include <string>

#include "tools/bench/report.h"

namespace anysplice::tools::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr absl::string_view kGroupNames[] = {"scenarios", "threads", "sharing", "pipes", "sizes"};
constexpr const char* kPlacementNames[] = {"anywhere", "together", "apart"};
constexpr const char* kSideNames[kSides] = {"kernel", "rings_on", "rings_off", "four_copies",
                                            "no_pipe"};

Json json_of(const Summary& summary) {
  if (summary.count == 0) return nullptr;
  return {{"median", summary.median}, {"low", summary.low}, {"high", summary.high}};
}

Json json_of(const SideResult& side) {
  if (!side.ran) return {{"hindrance", hindrance(side)}};
  return {{"bytes_per_second", json_of(side.bytes)},
          {"seconds_per_operation", json_of(side.seconds)},
          {"processor_seconds_per_operation", json_of(side.processor)},
          {"context_switches_per_operation", json_of(side.switches)},
          {"ratio", json_of(side.ratio)},
          {"processor_ratio", json_of(side.processor_ratio)}};
}

Json json_of(const Row& row) {
  Json json = {{"group", kGroupNames[static_cast<size_t>(row.group)]},
               {"scenario", row.kind->name},
               {"operation", row.kind->explain},
               {"size", row.setting.size},
               {"placement", kPlacementNames[static_cast<size_t>(row.setting.placement)]},
               {"pipes", row.setting.pipes},
               {"threads", row.setting.threads}};
  for (const Side side : kAllSides) {
    json[kSideNames[index_of(side)]] = row.kind->has(side) ? json_of(row.result.of(side)) : Json();
  }
  return json;
}

Json json_of(const CallCost& cost) {
  return {{"without", json_of(cost.without)},
          {"with", json_of(cost.with)},
          {"difference", json_of(cost.difference)},
          {"difference_within_process", json_of(cost.inside)},
          {"difference_within_process_without_preload", json_of(cost.inside_without)}};
}

}  // namespace

std::string as_json(const BenchReport& report) {
  Json json = {{"version", ANYSPLICE_VERSION},
               {"system", report.system},
               {"processors", report.processors},
               {"rounds", report.plan.rounds},
               {"slice_seconds", report.plan.slice}};
  json["measurements"] = Json::array();
  for (const Row& row : report.rows) json["measurements"].push_back(json_of(row));
  if (report.pass_through) {
    json["pass_through_ns"] = {{"read", json_of(report.pass_through->read)},
                               {"write", json_of(report.pass_through->write)}};
  }
  if (report.exec) {
    json["exec_us"] = {{"program", report.exec->program},
                       {"without", json_of(report.exec->without)},
                       {"with", json_of(report.exec->with)},
                       {"difference", json_of(report.exec->difference)}};
  }
  json["problems"] = report.problems;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools::bench
