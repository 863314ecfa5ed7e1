// What a check has found, for a person and for a program.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/check.h"

namespace anysplice::tools {
namespace {

using reuse::What;

constexpr struct {
  const char* text;  // "left by ..."
  const char* name;
} kWays[reuse::kWays] = {
    {"left by a read", "read"},
    {"left by splice to a file", "file"},
    {"left by splice to a socket", "socket"},
    {"left by splice to a device", "device"},
    {"left by splice to /dev/null", "null"},
    {"left by splice to another pipe", "pipe"},
    {"left by tee to another pipe", "tee"},
    {"was moved into the kernel's pipe, for somebody to wait there", "settled"},
    {"was still in the pipe", "waiting"},
};

size_t way_of(const reuse::Finding& found) {
  return std::min(static_cast<size_t>(found.way), reuse::kWays - 1);
}

std::string place_of(const ReuseFinding::Frame& frame) {
  const size_t slash = frame.object.rfind('/');
  const std::string object =
      slash == std::string::npos ? frame.object : frame.object.substr(slash + 1);
  return object.empty() ? absl::StrFormat("%#x", frame.offset)
                        : absl::StrFormat("%s+%#x", object, frame.offset);
}

void add_finding(const ReuseFinding& finding, size_t number, std::string* out) {
  const reuse::Finding& found = *finding.found;
  const bool gone = found.what == What::kGone;
  absl::StrAppendFormat(out, "\n%d. memory was %s while it was in a pipe\n", number,
                        gone ? "unmapped" : "changed");
  absl::StrAppendFormat(out,
                        "   vmsplice %d of %s (process %d): %d bytes at %#x to descriptor %d\n",
                        found.call, finding.program.empty() ? "a program" : finding.program,
                        found.process, found.length, found.start, found.fd);
  if (gone) {
    absl::StrAppendFormat(out, "   from byte %d on, at %#x; it %s\n", found.at, found.address,
                          kWays[way_of(found)].text);
  } else {
    absl::StrAppendFormat(out, "   byte %d, at %#x, was %#04x at the call, and %#04x when it %s\n",
                          found.at, found.address, found.was, found.is, kWays[way_of(found)].text);
  }
  absl::StrAppendFormat(out, "   %d bytes of %d call%s\n", found.bytes.load(), found.times.load(),
                        found.times.load() == 1 ? "" : "s");
  if (finding.stack.empty()) absl::StrAppend(out, "   called from an unknown place\n");
  for (size_t i = 0; i < finding.stack.size(); ++i) {
    const ReuseFinding::Frame& frame = finding.stack[i];
    absl::StrAppend(out, i == 0 ? "   called at " : "             ", place_of(frame),
                    frame.function.empty() ? "" : "  ", frame.function, "\n");
  }
}

}  // namespace

std::string summary_of(const ReuseFinding& finding) {
  std::string functions;
  for (size_t i = 0; i < std::min<size_t>(finding.stack.size(), 3); ++i) {
    if (finding.stack[i].function.empty()) continue;
    absl::StrAppend(&functions, functions.empty() ? " in " : " < ", finding.stack[i].function);
  }
  return absl::StrCat("memory was ", finding.found->what == What::kGone ? "unmapped" : "changed",
                      " while it was in a pipe; vmsplice called at ",
                      finding.stack.empty() ? "an unknown place" : place_of(finding.stack.front()),
                      functions);
}

std::string findings_as_text(const reuse::Findings& all, const std::vector<ReuseFinding>& list) {
  const size_t wrong = count_not_allowed(list);
  std::string out = absl::StrFormat("anysplice: reuse: %d finding%s in %d vmsplice%s of %d bytes",
                                    wrong, wrong == 1 ? "" : "s", all.calls.load(),
                                    all.calls.load() == 1 ? "" : "s", all.bytes.load());
  if (wrong < list.size()) absl::StrAppendFormat(&out, "; %d allowed", list.size() - wrong);
  out += "\n";
  if (const uint64_t unseen = all.bytes - std::min<uint64_t>(all.followed, all.bytes); unseen > 0) {
    absl::StrAppendFormat(
        &out, "anysplice: reuse: %d bytes could not be followed: their pipe was in the kernel\n",
        unseen);
  }
  if (all.settled > 0) {
    absl::StrAppendFormat(&out,
                          "anysplice: reuse: %d bytes were followed only until their pipe was "
                          "moved into the kernel\n",
                          all.settled.load());
  }
  if (all.lost > 0) {
    absl::StrAppendFormat(&out, "anysplice: reuse: there was no room for %d more\n",
                          all.lost.load());
  }
  size_t number = 0;
  for (const ReuseFinding& finding : list) {
    if (!finding.allowed) add_finding(finding, ++number, &out);
  }
  return out;
}

std::string findings_as_json(const reuse::Findings& all, const std::vector<ReuseFinding>& list) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const ReuseFinding& finding : list) {
    const reuse::Finding& found = *finding.found;
    nlohmann::ordered_json stack = nlohmann::ordered_json::array();
    for (const ReuseFinding::Frame& frame : finding.stack) {
      stack.push_back(
          {{"object", frame.object}, {"offset", frame.offset}, {"function", frame.function}});
    }
    nlohmann::ordered_json one = {{"what", found.what == What::kGone ? "unmapped" : "changed"},
                                  {"left", kWays[way_of(found)].name},
                                  {"program", finding.program},
                                  {"process", found.process},
                                  {"call", found.call},
                                  {"descriptor", found.fd},
                                  {"address", found.start},
                                  {"length", found.length},
                                  {"byte", found.at},
                                  {"was", found.was}};
    if (found.what == What::kChanged) one["is"] = found.is;
    one["bytes"] = found.bytes.load();
    one["times"] = found.times.load();
    one["allowed"] = finding.allowed;
    one["stack"] = stack;
    findings.push_back(one);
  }
  const nlohmann::ordered_json whole = {
      {"vmsplices", all.calls.load()},   {"bytes", all.bytes.load()},
      {"followed", all.followed.load()}, {"settled", all.settled.load()},
      {"lost", all.lost.load()},         {"findings", findings}};
  return whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools
