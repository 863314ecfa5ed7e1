#include "tests/fuzz/shrink.h"

#include <algorithm>
#include <chrono>

namespace fuzz {
namespace {

constexpr int kPatienceMs = 1000;

class Shrinker {
 public:
  Shrinker(const Program& program, const Outcome& outcome)
      : best_(program),
        wrong_(sort_of(outcome)),
        runs_(outcome.kind == Outcome::kHung ? 40 : 3000) {}

  Program run() {
    for (bool better = true; better && runs_ > 0;) {
      better = false;
      for (size_t size = std::max<size_t>(best_.steps.size() / 2, 1); size > 0; size /= 2) {
        better |= leave_out(size);
      }
      better |= simplify();
    }
    return best_;
  }

 private:
  bool try_it(const Program& candidate) {
    if (runs_-- <= 0 || candidate.steps.empty() || Clock::now() > end_) return false;
    if (sort_of(play(candidate, kPatienceMs)) != wrong_) return false;
    best_ = candidate;
    return true;
  }

  // What is wrong, without the numbers.
  static std::string sort_of(const Outcome& outcome) {
    if (outcome.kind == Outcome::kHung) return "hangs";
    std::string text = outcome.wrong() ? outcome.report : "";
    // Which step it is, and what; the bytes that differ stand on further lines.
    text = text.substr(0, text.find('\n', text.find('\n') + 1));
    const size_t word = text.find(' ');
    const size_t line = text.find('\n');
    if (word < line) text.erase(word, line - word);
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
  }

  bool leave_out(size_t size) {
    bool better = false;
    // From the end: what comes after the difference goes first.
    for (size_t at = best_.steps.size(); at > 0 && runs_ > 0;) {
      at -= std::min(at, size);
      Program candidate = best_;
      const auto from = candidate.steps.begin() + static_cast<ptrdiff_t>(at);
      const auto left = static_cast<size_t>(candidate.steps.end() - from);
      candidate.steps.erase(from, from + static_cast<ptrdiff_t>(std::min(size, left)));
      better |= try_it(candidate);
      at = std::min(at, best_.steps.size());
    }
    return better;
  }

  static std::vector<int64_t> simpler(Arg kind, int64_t value) {
    switch (kind) {
      case Arg::kLength:
        return {1, 10, 100, 1000, 4096, 5000, 65536, value / 2, value - 1};
      case Arg::kOffset:
        return {kNoOffset, 0, 1, 4096};
      case Arg::kFlags:
        return {0, 2, 0x800, value & 2, value & 0x801};
      case Arg::kNumber:
        return {0, 1, -1, value / 2};
      default:
        return {};
    }
  }

  bool simplify() {
    bool better = false;
    for (size_t i = 0; i < best_.steps.size(); ++i) {
      const OpInfo& op = info(best_.steps[i].op);
      for (int k = 0; k < op.count() && runs_ > 0; ++k) {
        for (const int64_t value : simpler(op.args[k], best_.steps[i].arg[k])) {
          Program candidate = best_;
          const int64_t now = best_.steps[i].arg[k];
          const bool length = op.args[k] == Arg::kLength;
          // Lengths only become shorter, so that this comes to an end.
          if (value == now ||
              (length && static_cast<uint64_t>(value) >= static_cast<uint64_t>(now)))
            continue;
          if (!length && rank(op.args[k], value) >= rank(op.args[k], now)) continue;
          candidate.steps[i].arg[k] = value;
          if (try_it(candidate)) {
            better = true;
            break;
          }
        }
      }
    }
    return better;
  }

  // How simple an argument that is no length looks; smaller is simpler.
  static uint64_t rank(Arg kind, int64_t value) {
    if (kind == Arg::kOffset && value == kNoOffset) return 0;
    return static_cast<uint64_t>(value < 0 ? -(value + 1) : value) * 2 + (value < 0 ? 2 : 1);
  }

  Program best_;
  using Clock = std::chrono::steady_clock;
  std::string wrong_;
  int runs_;
  Clock::time_point end_ = Clock::now() + std::chrono::seconds(60);
};

}  // namespace

Program shrink(const Program& program, const Outcome& outcome) {
  return Shrinker(program, outcome).run();
}

}  // namespace fuzz
