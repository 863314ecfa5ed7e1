// Medians and quartiles of measurements.
#ifndef ANYSPLICE_TOOLS_BENCH_STATISTICS_H_
#define ANYSPLICE_TOOLS_BENCH_STATISTICS_H_

#include <stddef.h>

#include <vector>

#include "absl/types/span.h"

namespace anysplice::tools::bench {

struct Summary {
  size_t count = 0;  // of the values; the rest is 0 if there are none
  double median = 0;
  double low = 0;  // the quartiles
  double high = 0;
};

// Half-way between two values the quartiles and the median are interpolated, as by numpy or R.
Summary summarize(std::vector<double> values);

// Value by value. A pair in which either is missing (0) is left out.
std::vector<double> paired_ratios(absl::Span<const double> values, absl::Span<const double> bases);
std::vector<double> paired_differences(absl::Span<const double> values,
                                       absl::Span<const double> bases);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_STATISTICS_H_
