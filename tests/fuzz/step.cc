#include "tests/fuzz/step.h"

#include <sstream>
#include <stdexcept>

namespace fuzz {
namespace {

using enum Arg;

constexpr OpInfo kInfos[] = {
#define OP(id, name, ...) {name, {__VA_ARGS__}},
#include "tests/fuzz/ops.def"
#undef OP
};

std::string to_text(Arg kind, int64_t value) {
  switch (kind) {
    case kVariable:
    case kFresh:
      return "v" + std::to_string(value);
    case kLength:
      return std::to_string(static_cast<uint64_t>(value));
    case kOffset:
      return value == kNoOffset ? "null" : value == kBadOffset ? "bad" : std::to_string(value);
    case kFlags: {
      std::ostringstream out;
      out << "0x" << std::hex << value;
      return out.str();
    }
    default:
      return std::to_string(value);
  }
}

int64_t value_of(Arg kind, const std::string& word) {
  switch (kind) {
    case kVariable:
    case kFresh: {
      const long number = word.at(0) == 'v' ? std::stol(word.substr(1)) : -1;
      if (number < 0 || number >= kVariables) throw std::runtime_error("no variable: " + word);
      return number;
    }
    case kLength:
      return static_cast<int64_t>(std::stoull(word));
    case kOffset:
      if (word == "null") return kNoOffset;
      if (word == "bad") return kBadOffset;
      return std::stoll(word);
    default:
      return std::stoll(word, nullptr, 0);
  }
}

Step parse_step(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  Step step;
  words >> word;
  if (word[0] == '@') {
    step.actor = std::stoi(word.substr(1));
    if (step.actor < 0 || step.actor >= kActors) throw std::runtime_error("no process: " + word);
    words >> word;
  }
  for (size_t i = 0; i < std::size(kInfos); ++i) {
    if (word == kInfos[i].name) step.op = static_cast<Op>(i);
  }
  if (step.op == Op::kOps) throw std::runtime_error("no operation: " + word);
  for (int i = 0; i < info(step.op).count(); ++i) {
    if (!(words >> word)) throw std::runtime_error("too few arguments");
    step.arg[i] = value_of(info(step.op).args[i], word);
  }
  if (words >> word) throw std::runtime_error("too many arguments");
  return step;
}

}  // namespace

int OpInfo::count() const {
  int n = 0;
  while (n < kArgs && args[n] != kNone) ++n;
  return n;
}

const OpInfo& info(Op op) { return kInfos[static_cast<size_t>(op)]; }

std::string to_text(const Step& step) {
  std::string text;
  if (step.actor != 0) text = "@" + std::to_string(step.actor) + " ";
  text += info(step.op).name;
  for (int i = 0; i < info(step.op).count(); ++i) {
    text += " " + to_text(info(step.op).args[i], step.arg[i]);
  }
  return text;
}

std::string to_text(const Config& config) {
  switch (config.kind) {
    case Config::kRings:
      return "rings";
    case Config::kPlain:
      return "plain";
    case Config::kNative:
      return "native";
    default:
      return "auto " + std::to_string(config.natives);
  }
}

std::string to_text(const Program& program) {
  std::string text;
  for (const std::string& comment : program.comments) text += comment + "\n";
  if (program.config) text += "config " + to_text(*program.config) + "\n";
  text += "observe " + std::to_string(program.observe) + "\n";
  for (const Step& step : program.steps) text += to_text(step) + "\n";
  return text;
}

Config parse_config(const std::string& text) {
  if (text == "rings") return {Config::kRings};
  if (text == "plain") return {Config::kPlain};
  if (text == "native") return {Config::kNative};
  if (text.starts_with("auto ")) {
    return {Config::kAuto, static_cast<unsigned>(std::stoul(text.substr(5)))};
  }
  throw std::runtime_error("no configuration: " + text);
}

Program parse(const std::string& text) {
  Program program;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    try {
      if (line.empty()) continue;
      if (line[0] == '#') {
        program.comments.push_back(line);
      } else if (line.starts_with("config ")) {
        program.config = parse_config(line.substr(7));
      } else if (line.starts_with("observe ")) {
        program.observe = std::stoi(line.substr(8));
      } else {
        program.steps.push_back(parse_step(line));
      }
    } catch (const std::exception& error) {
      throw std::runtime_error("\"" + line + "\": " + error.what());
    }
  }
  return program;
}

}  // namespace fuzz
