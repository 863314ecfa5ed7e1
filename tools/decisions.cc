#include "tools/decisions.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <fstream>
#include <new>
#include <set>
#include <sstream>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/inject/replay.h"
#include "core/inject/spec.h"
#include "tools/errno_names.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kTitle = "# Decisions of anysplice, to be repeated by --replay.\n";
constexpr absl::string_view kSpec = "# spec: ";

// A byte that others wrote.
template <typename T>
bool flag(const T& at) {
  static_assert(sizeof(T) == 1);
  unsigned char byte;
  memcpy(&byte, static_cast<const void*>(&at), 1);
  return byte != 0;
}

// False if it is none that the library would have written.
bool copy(const inject::Entry& from, inject::Entry* to) {
  to->site = from.site;
  to->site.process[sizeof(to->site.process) - 1] = '\0';
  to->decision.limit = from.decision.limit;
  to->decision.delay = from.decision.delay;
  to->decision.error = from.decision.error;
  to->decision.zero = flag(from.decision.zero);
  to->length = from.length;
  to->result = from.result;
  to->in = from.in;
  to->out = from.out;
  to->may_shorten = flag(from.may_shorten);
  to->may_refuse = flag(from.may_refuse);
  to->may_sleep = flag(from.may_sleep);
  return static_cast<size_t>(to->site.call) < kCalls;
}

bool before(const inject::Entry* a, const inject::Entry* b) {
  if (const int order = strcmp(a->site.process, b->site.process); order != 0) return order < 0;
  return a->site.thread < b->site.thread;  // entries of one thread are in its order
}

}  // namespace

absl::StatusOr<std::unique_ptr<JournalFile>> JournalFile::create() {
  absl::StatusOr<std::unique_ptr<SharedFile>> file =
      SharedFile::create("journal", sizeof(inject::Journal));
  if (!file.ok()) return file.status();
  auto* journal = static_cast<inject::Journal*>((*file)->memory());
  journal->magic = inject::Journal::kMagic;
  return std::unique_ptr<JournalFile>(new JournalFile(*std::move(file)));
}

inject::Journal& JournalFile::journal() const {
  return *static_cast<inject::Journal*>(file_->memory());
}

void JournalFile::restart(bool everything) {
  inject::Journal& all = journal();
  const size_t used = std::min<size_t>(all.used, inject::Journal::kEntries);
  for (size_t i = 0; i < used; ++i) all.entry[i].complete = false;
  for (inject::Journal::Start& start : all.start) {
    start.program = 0;
    start.count = 0;
  }
  all.used = 0;
  all.everything = everything ? 1 : 0;
}

std::vector<const inject::Entry*> JournalFile::entries() const {
  entries_.clear();
  std::vector<const inject::Entry*> list;
  const size_t used = std::min<size_t>(journal().used, inject::Journal::kEntries);
  for (size_t i = 0; i < used; ++i) {
    const inject::Entry& there = journal().entry[i];
    // A process that was killed may have left one half done.
    if (!flag(there.complete)) continue;
    inject::Entry& entry = entries_.emplace_back();
    if (copy(there, &entry)) {
      list.push_back(&entry);
    } else {
      entries_.pop_back();
    }
  }
  std::stable_sort(list.begin(), list.end(), before);
  return list;
}

size_t JournalFile::lost() const {
  const size_t used = journal().used;
  return used - std::min(used, inject::Journal::kEntries);
}

std::string format_decision(const inject::Site& site, const inject::Decision& decision) {
  std::string line = absl::StrCat(site.process, " ", site.thread, " ",
                                  kCallNames[static_cast<size_t>(site.call)], " ", site.number);
  if (decision.delay != 0) absl::StrAppend(&line, " delay=", decision.delay, "ns");
  if (decision.limit != inject::kNoLimit) absl::StrAppend(&line, " limit=", decision.limit);
  if (decision.error != 0) absl::StrAppend(&line, " errno=", errno_name(decision.error));
  if (decision.zero) absl::StrAppend(&line, " zero");
  return line;
}

std::string format_recording(const JournalFile& journal, const std::string& spec) {
  std::string text = absl::StrCat(kTitle, kSpec, spec, "\n");
  for (const inject::Entry* entry : journal.entries()) {
    if (entry->decision.nothing()) continue;
    absl::StrAppend(&text, format_decision(entry->site, entry->decision), "\n");
  }
  if (journal.lost() > 0) {
    absl::StrAppend(&text, "# There was no room for ", journal.lost(), " more.\n");
  }
  return text;
}

absl::StatusOr<Recording> read_recording(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  if (!file || !(text << file.rdbuf()).good()) {
    return system_failure(absl::StrCat("cannot read '", path, "'"), errno);
  }
  Recording recording;
  size_t number = 0;
  const std::string whole = text.str();
  for (absl::string_view line : absl::StrSplit(whole, '\n')) {
    ++number;
    if (absl::ConsumePrefix(&line, kSpec)) {
      recording.spec = std::string(line);
      continue;
    }
    RecordedDecision one;
    if (!inject::parse_decision(line.data(), line.size(), &one.site, &one.decision)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "', line ", number,
                       ": expected is PROCESS THREAD CALL NUMBER WHAT, as in "
                       "'pv 0 splice 3 limit=17'"));
    }
    if (one.site.number != 0) recording.decisions.push_back(one);
  }
  return recording;
}

std::vector<std::string> not_reached(const Recording& recording, const JournalFile& journal) {
  std::set<std::string> happened;
  for (const inject::Entry* entry : journal.entries()) {
    happened.insert(format_decision(entry->site, entry->decision));
  }
  std::vector<std::string> missing;
  for (const RecordedDecision& wanted : recording.decisions) {
    const std::string line = format_decision(wanted.site, wanted.decision);
    if (happened.count(line) == 0) missing.push_back(line);
  }
  return missing;
}

}  // namespace anysplice::tools
