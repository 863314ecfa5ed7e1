#include "tests/oracle/elsewhere.h"

#include <stdlib.h>

#include <fstream>
#include <map>
#include <stdexcept>

namespace oracle::elsewhere {
namespace {

constexpr const char* kTitle = "--- ";

std::map<std::string, std::string> load(const char* path) {
  std::map<std::string, std::string> outcomes;
  std::ifstream file(path);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  std::string* current = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(kTitle)) {
      current = &outcomes[line.substr(4)];
      current->clear();
    } else if (current != nullptr) {
      *current += line + "\n";
    }
  }
  return outcomes;
}

}  // namespace

void save(const std::string& name, const std::string& outcome) {
  const char* path = getenv("ORACLE_SAVE");
  if (path == nullptr) return;
  static std::ofstream file(path, std::ios::app);
  if (!(file << kTitle << name << "\n" << outcome << std::flush)) {
    throw std::runtime_error(std::string("cannot write to ") + path);
  }
}

bool expected() { return getenv("ORACLE_EXPECT") != nullptr; }

const std::string* outcome(const std::string& name) {
  static const auto outcomes = load(getenv("ORACLE_EXPECT"));
  const auto found = outcomes.find(name);
  return found != outcomes.end() ? &found->second : nullptr;
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kSame:
      return "this system's calls do the same";
    case Kind::kOther:
      return "this system's calls do something else";
    case Kind::kLacked:
      return "this system lacks a call";
    case Kind::kRight:
      return "this system's calls do what is right";
  }
  return "?";
}

Kind kind_of(const std::string& engine, const std::string& own, bool lacked,
             const std::string& right) {
  if (lacked) return Kind::kLacked;
  if (own == right) return Kind::kRight;
  return own == engine ? Kind::kSame : Kind::kOther;
}

}  // namespace oracle::elsewhere
