#include "tools/bench/svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace anysplice::tools::bench {
namespace {

constexpr double kWidth = 860;

std::string open_svg(double height) {
  return absl::StrFormat("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n", kWidth, height);
}

std::string text(double x, double y, const char* anchor, const std::string& words,
                 const char* more = "") {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y,
                         anchor, more, escaped(words));
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return absl::StrFormat("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                         style, x1, y1, x2, y2);
}

// 1, 2 or 5 times a power of ten.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double digit : {1.0, 2.0, 5.0}) {
    if (rough <= digit * power) return digit * power;
  }
  return 10 * power;
}

// --- bars ----------------------------------------------------------------------------------------

constexpr double kLabels = 160;  // width
constexpr double kBar = 13;      // height, with its gap
constexpr double kBetweenGroups = 12;
constexpr double kTop = 22;

std::string bar(const Bar& bar, double y, double scale, double limit) {
  const auto at = [&](double value) { return kLabels + std::min(value, limit) * scale; };
  const Summary& v = bar.value;
  std::string out = absl::StrFormat(
      "<g><title>%s</title><rect class=\"s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
      "height=\"%.1f\" rx=\"2\"/>\n",
      escaped(bar.tip), bar.series, kLabels, y, at(v.median) - kLabels, kBar - 2);
  if (v.low < limit) {
    absl::StrAppend(&out,
                    line(at(v.low), y + kBar / 2 - 1, at(v.high), y + kBar / 2 - 1, "spread"));
  }
  const double end = std::max(at(v.median), at(v.high)) + 6;
  absl::StrAppend(
      &out,
      text(end, y + kBar - 3.5, "start", absl::StrFormat("%.2f", v.median), " class=\"value\""),
      "</g>\n");
  return out;
}

}  // namespace

std::string escaped(const std::string& words) {
  return absl::StrReplaceAll(words,
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

std::string bar_chart(const std::vector<BarGroup>& groups) {
  double largest = 1.2;
  double height = kTop + 8;
  for (const BarGroup& group : groups) {
    for (const Bar& b : group.bars) largest = std::max(largest, b.value.median);
    height += static_cast<double>(group.bars.size()) * kBar + kBetweenGroups;
  }
  // What is far out is cut off, so that the line at 1 stays where it can be compared with.
  const double limit = std::min(largest, 3.0);
  const double scale = (kWidth - kLabels - 70) / limit;
  std::string out = open_svg(height);
  const double step = round_step(limit / 8);
  for (int i = 0; i * step <= limit + 1e-9; ++i) {
    const double tick = i * step;
    const double x = kLabels + tick * scale;
    absl::StrAppend(&out, line(x, kTop - 4, x, height - 4, "grid"),
                    text(x, kTop - 9, "middle", absl::StrFormat("%g", tick)));
  }
  double y = kTop + 4;
  for (const BarGroup& group : groups) {
    const double middle = y + static_cast<double>(group.bars.size()) * kBar / 2 + 3;
    absl::StrAppend(&out, text(kLabels - 10, middle, "end", group.label, " class=\"name\""));
    for (const Bar& b : group.bars) {
      absl::StrAppend(&out, bar(b, y, scale, limit));
      y += kBar;
    }
    y += kBetweenGroups;
  }
  absl::StrAppend(&out, line(kLabels + scale, kTop - 4, kLabels + scale, height - 4, "one"));
  return out + "</svg>\n";
}

// --- curves --------------------------------------------------------------------------------------

std::string line_chart(const Curves& curves) {
  constexpr double kHeight = 300;
  constexpr double kLeft = 70;
  constexpr double kBottom = kHeight - 34;
  double low = INFINITY;
  double high = 0;
  for (const Curve& curve : curves.curves) {
    for (const double y : curve.y) {
      if (y > 0) low = std::min(low, y);
      high = std::max(high, y);
    }
  }
  if (high == 0 || curves.x.empty()) return "";
  // At least a decade, so that noise does not look like much.
  low = std::min(std::log10(low * 0.8), std::log10(high) - 1);
  high = std::log10(high * 1.25);
  const double step =
      (kWidth - kLeft - 30) / static_cast<double>(std::max<size_t>(curves.x.size(), 2) - 1);
  const auto x_of = [&](size_t i) { return kLeft + step * static_cast<double>(i); };
  const auto y_of = [&](double value) {
    return kBottom - (std::log10(value) - low) / (high - low) * (kBottom - 16);
  };
  std::string out = open_svg(kHeight);
  for (int power = static_cast<int>(std::floor(low)); power <= high; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10, power);
      if (std::log10(value) < low || std::log10(value) > high) continue;
      absl::StrAppend(&out, line(kLeft, y_of(value), kWidth - 20, y_of(value), "grid"));
      if (digit != 1.0 && high - low > 2) continue;
      absl::StrAppend(&out, text(kLeft - 8, y_of(value) + 4, "end",
                                 absl::StrFormat("%g %s", value, curves.unit)));
    }
  }
  for (size_t i = 0; i < curves.x.size(); ++i) {
    absl::StrAppend(&out, text(x_of(i), kHeight - 12, "middle", curves.x[i]));
  }
  for (const Curve& curve : curves.curves) {
    std::string points;
    std::string dots;
    for (size_t i = 0; i < curve.y.size(); ++i) {
      if (curve.y[i] <= 0) continue;
      absl::StrAppendFormat(&points, "%.1f,%.1f ", x_of(i), y_of(curve.y[i]));
      absl::StrAppendFormat(&dots,
                            "<circle class=\"s%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\">"
                            "<title>%s: %.3g %s</title></circle>\n",
                            curve.series, x_of(i), y_of(curve.y[i]), escaped(curves.x[i]),
                            curve.y[i], escaped(curves.unit));
    }
    absl::StrAppendFormat(&out, "<polyline class=\"l%d\" points=\"%s\"/>\n%s", curve.series, points,
                          dots);
  }
  return out + "</svg>\n";
}

}  // namespace anysplice::tools::bench
