// Charts as inline SVG, coloured by the classes of the page they stand in.
#ifndef ANYSPLICE_TOOLS_BENCH_SVG_H_
#define ANYSPLICE_TOOLS_BENCH_SVG_H_

#include <string>
#include <vector>

#include "tools/bench/statistics.h"

namespace anysplice::tools::bench {

// A bar with its quartiles. `series` is the number of a colour class, s0 to s4.
struct Bar {
  size_t series;
  Summary value;
  std::string tip;  // shown under the pointer
};
struct BarGroup {
  std::string label;
  std::vector<Bar> bars;
};
// Horizontal bars, with a line at 1.
std::string bar_chart(const std::vector<BarGroup>& groups);

struct Curve {
  size_t series;
  std::vector<double> y;  // one for each x; 0: none
};
struct Curves {
  std::vector<std::string> x;  // evenly spaced
  std::vector<Curve> curves;
  std::string unit;  // of y, which is logarithmic
};
std::string line_chart(const Curves& curves);

// For text in HTML.
std::string escaped(const std::string& text);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_SVG_H_
