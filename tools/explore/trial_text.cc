#include "tools/explore/trial_text.h"

#include <nlohmann/json.hpp>

namespace anysplice::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Null if the text is no object.
Json object_of(absl::string_view line) {
  Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json();
}

// False if it is missing or of another type.
template <typename T>
bool read(const Json& json, const char* name, T* value) {
  const auto found = json.find(name);
  if (found == json.end()) return false;
  if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) return false;
  } else if constexpr (std::is_arithmetic_v<T>) {
    if (!found->is_number()) return false;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else {
    if (!found->is_array()) return false;
    for (const Json& one : *found) {
      if (!one.is_string()) return false;
    }
  }
  *value = found->get<T>();
  return true;
}

}  // namespace

std::string as_line(const Task& task) {
  return line_of({{"spec", task.spec},
                  {"replay", task.replay},
                  {"record", task.record},
                  {"timeout", task.timeout.count()}});
}

std::optional<Task> task_of(absl::string_view line) {
  const Json json = object_of(line);
  Task task;
  double timeout;
  if (!read(json, "spec", &task.spec) || !read(json, "replay", &task.replay) ||
      !read(json, "record", &task.record) || !read(json, "timeout", &timeout)) {
    return std::nullopt;
  }
  task.timeout = Seconds(timeout);
  return task;
}

std::string as_line(const Trial& trial) {
  return line_of({{"timed_out", trial.timed_out},
                  {"wait_status", trial.wait_status},
                  {"written", trial.written},
                  {"differs", trial.differs},
                  {"complaint", trial.complaint},
                  {"took", trial.took.count()},
                  {"reached", trial.reached},
                  {"reused", trial.reused},
                  {"faults", trial.faults},
                  {"calls", trial.calls}});
}

std::optional<Trial> trial_of(absl::string_view line) {
  const Json json = object_of(line);
  Trial trial;
  double took;
  if (!read(json, "timed_out", &trial.timed_out) ||
      !read(json, "wait_status", &trial.wait_status) || !read(json, "written", &trial.written) ||
      !read(json, "differs", &trial.differs) || !read(json, "complaint", &trial.complaint) ||
      !read(json, "took", &took) || !read(json, "reached", &trial.reached) ||
      !read(json, "reused", &trial.reused) || !read(json, "faults", &trial.faults) ||
      !read(json, "calls", &trial.calls)) {
    return std::nullopt;
  }
  trial.took = Seconds(took);
  return trial;
}

}  // namespace anysplice::tools
