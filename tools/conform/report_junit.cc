#include <map>
#include <vector>

#include "tools/conform/report.h"

namespace conform {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write these.
        out += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + escaped(value) + "\"";
}

std::string details(const Result& result) {
  const Difference& found = result.difference;
  std::string text = "case: " + result.item->body.name + "\n";
  if (!found.step.empty()) text += "step: " + found.step + "\n";
  if (!found.after.empty()) text += "after: " + found.after + "\n";
  return text + "Linux: " + found.expected + "\ncame: " + found.came + "\n" +
         std::to_string(found.different) + " of " + std::to_string(result.steps) +
         " steps differ\nIt rests on: " + result.item->topic->rests_on + "\n";
}

}  // namespace

std::string as_junit(const Results& results) {
  std::map<std::string, std::vector<const Result*>> suites;
  for (const Result& one : results.all) suites[one.item->call].push_back(&one);
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"splice-conform\">\n";
  for (const auto& [call, members] : suites) {
    size_t failures = 0, skipped = 0;
    for (const Result* one : members) {
      failures += one->is_new();
      skipped += one->verdict != Verdict::kSame && !one->is_new();
    }
    xml += " <testsuite" + attribute("name", call) +
           attribute("tests", std::to_string(members.size())) +
           attribute("failures", std::to_string(failures)) + attribute("errors", "0") +
           attribute("skipped", std::to_string(skipped)) + ">\n";
    for (const Result* one : members) {
      xml += "  <testcase" + attribute("classname", "splice-conform." + call) +
             attribute("name", one->item->id);
      if (one->verdict == Verdict::kSame) {
        xml += "/>\n";
      } else if (one->is_new()) {
        xml += "><failure" +
               attribute("message",
                         "Linux: " + one->difference.expected + "; came: " + one->difference.came) +
               ">" + escaped(details(*one)) + "</failure></testcase>\n";
      } else {
        const bool known = one->verdict == Verdict::kDifferent;
        xml += "><skipped" + attribute("message", known ? "a known difference" : one->reason) +
               "/></testcase>\n";
      }
    }
    xml += " </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace conform
