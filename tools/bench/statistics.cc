#include "tools/bench/statistics.h"

#include <algorithm>
#include <cmath>

namespace anysplice::tools::bench {
namespace {

double quantile(const std::vector<double>& sorted, double fraction) {
  const double at = fraction * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(std::floor(at));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - std::floor(at)) * (sorted[above] - sorted[below]);
}

template <typename Combine>
std::vector<double> paired(absl::Span<const double> values, absl::Span<const double> bases,
                           Combine combine) {
  std::vector<double> out;
  for (size_t i = 0; i < std::min(values.size(), bases.size()); ++i) {
    if (values[i] != 0 && bases[i] != 0) out.push_back(combine(values[i], bases[i]));
  }
  return out;
}

}  // namespace

Summary summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {.count = values.size(),
          .median = quantile(values, 0.5),
          .low = quantile(values, 0.25),
          .high = quantile(values, 0.75)};
}

std::vector<double> paired_ratios(absl::Span<const double> values, absl::Span<const double> bases) {
  return paired(values, bases, [](double value, double base) { return value / base; });
}

std::vector<double> paired_differences(absl::Span<const double> values,
                                       absl::Span<const double> bases) {
  return paired(values, bases, [](double value, double base) { return value - base; });
}

}  // namespace anysplice::tools::bench
