#include "tools/check.h"

#include <string.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace anysplice::tools {
namespace {

using reuse::Findings;

absl::string_view base_name(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

// "OBJECT+OFFSET", where the offset is hexadecimal, with or without 0x.
bool is_place(absl::string_view text, const ReuseFinding::Frame& frame) {
  const size_t plus = text.rfind('+');
  if (plus == absl::string_view::npos) return false;
  uint64_t offset;
  if (!absl::SimpleHexAtoi(text.substr(plus + 1), &offset) || offset != frame.offset) return false;
  const absl::string_view object = text.substr(0, plus);
  return object == frame.object || object == base_name(frame.object);
}

// A function by its whole name, or without its parameters and what it is in.
bool is_function(absl::string_view text, absl::string_view function) {
  if (function.empty()) return false;
  if (text == function) return true;
  const absl::string_view plain = function.substr(0, function.find('('));
  // (An anonymous namespace has parentheses as well.)
  absl::string_view last = function;
  absl::ConsumePrefix(&last, "(anonymous namespace)::");
  last = last.substr(0, last.find('('));
  const size_t scope = last.rfind("::");
  return text == plain || text == last ||
         (scope != absl::string_view::npos && text == last.substr(scope + 2));
}

bool allows(const CheckOptions& options, const std::vector<ReuseFinding::Frame>& stack) {
  return std::any_of(stack.begin(), stack.end(), [&](const ReuseFinding::Frame& frame) {
    return std::any_of(options.allowed.begin(), options.allowed.end(), [&](const auto& text) {
      return is_place(text, frame) || is_function(text, frame.function);
    });
  });
}

std::string path_of(const Findings& all, uint32_t object) {
  if (object >= Findings::kObjects || all.object[object].complete.load() == 0) return "";
  const Findings::Object& known = all.object[object];
  return {known.path, strnlen(known.path, sizeof(known.path))};
}

}  // namespace

absl::Status add_check(absl::string_view text, CheckOptions* options) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, ',');
  if (words.front() != "reuse") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown check '", words.front(), "'; there is reuse"));
  }
  options->reuse = true;
  for (size_t i = 1; i < words.size(); ++i) {
    absl::string_view word = words[i];
    if (absl::ConsumePrefix(&word, "allow=") && !word.empty()) {
      options->allowed.emplace_back(word);
    } else if (word == "json") {
      options->json = true;
    } else if (absl::ConsumePrefix(&word, "json=") && !word.empty()) {
      options->json = true;
      options->file = std::string(word);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--check=reuse takes allow=FUNCTION, allow=OBJECT+OFFSET, json and "
                       "json=FILE, not '",
                       words[i], "'"));
    }
  }
  return absl::OkStatus();
}

std::string text_of(const CheckOptions& options) {
  std::string text = "reuse";
  for (const std::string& allowed : options.allowed) absl::StrAppend(&text, ",allow=", allowed);
  return text;
}

absl::StatusOr<std::unique_ptr<FindingsFile>> FindingsFile::create() {
  absl::StatusOr<std::unique_ptr<SharedFile>> file =
      SharedFile::create("findings", sizeof(Findings));
  if (!file.ok()) return file.status();
  // A file of zeros has no findings.
  static_cast<Findings*>((*file)->memory())->magic = Findings::kMagic;
  return std::unique_ptr<FindingsFile>(new FindingsFile(*std::move(file)));
}

void FindingsFile::restart() {
  auto& all = *static_cast<Findings*>(file_->memory());
  for (auto* count : {&all.calls, &all.bytes, &all.followed, &all.settled, &all.lost}) *count = 0;
  for (reuse::Finding& finding : all.finding) {
    finding.complete = 0;
    finding.last_call = finding.times = finding.bytes = 0;
    finding.key = 0;
  }
}

std::vector<ReuseFinding> FindingsFile::list(const CheckOptions& options) {
  // Others may still write there, whatever they like.
  const auto seen = std::make_shared<Findings>();
  memcpy(static_cast<void*>(seen.get()), static_cast<const void*>(&findings()), sizeof(Findings));
  const Findings& all = *seen;
  std::vector<ReuseFinding> list;
  for (const reuse::Finding& found : all.finding) {
    // A process that was killed may have left one half done.
    if (found.complete.load() == 0) continue;
    ReuseFinding finding{{seen, &found}, path_of(all, found.program), {}, false};
    for (size_t i = 0; i < std::min<size_t>(found.frames, reuse::kMostFrames); ++i) {
      const std::string object = path_of(all, found.frame[i].object);
      const uint64_t offset = found.frame[i].offset;
      finding.stack.push_back(
          {object, offset, object.empty() ? "" : names_.name_of(object, offset)});
    }
    finding.allowed = allows(options, finding.stack);
    list.push_back(std::move(finding));
  }
  std::sort(list.begin(), list.end(), [](const ReuseFinding& a, const ReuseFinding& b) {
    const auto place = [](const ReuseFinding& f) {
      return std::make_tuple(f.found->process, f.found->call, f.found->at, f.found->what);
    };
    return place(a) < place(b);
  });
  return list;
}

size_t count_not_allowed(const std::vector<ReuseFinding>& list) {
  return static_cast<size_t>(std::count_if(
      list.begin(), list.end(), [](const ReuseFinding& finding) { return !finding.allowed; }));
}

}  // namespace anysplice::tools
