#include "tools/explore/failures.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tools/explore/around.h"

namespace anysplice::tools {
namespace {

using inject::Entry;

// Without the number of the start: all starts of a program fail alike, so that the command that
// repeats a failure needs no journal.
std::string plain_name(absl::string_view process) {
  const size_t hash = process.find('#');
  if (hash == absl::string_view::npos) return std::string(process);
  const size_t slash = process.find('/', hash);
  return absl::StrCat(process.substr(0, hash),
                      slash == absl::string_view::npos ? "" : process.substr(slash));
}

// One call of one thread, in all starts of the program.
struct Place {
  std::string process;
  uint32_t thread;
  Call call;
  uint64_t number;
  const Entry* entry;  // of the first of them that moved something, else of the first

  const char* name() const { return kCallNames[static_cast<size_t>(call)]; }
};

struct Kind {
  const char* action;
  const char* what;
  Duty duty;
  bool (*possible)(const Entry&);
};

bool moves(const Entry& entry) { return entry.may_shorten && entry.result > 1; }
bool worked(const Entry& entry) { return entry.result >= 0; }
bool stores(const Entry& entry) { return worked(entry) && entry.out == inject::kFile; }
bool reads_storage(const Entry& entry) {
  return worked(entry) && (entry.in == inject::kFile || entry.out == inject::kFile) &&
         entry.site.call != Call::kVmsplice && entry.site.call != Call::kTee;
}
bool splices(const Entry& entry) { return worked(entry) && entry.length > 0; }

// The number of bytes, where it is half of what was moved, is put in later.
constexpr const char* kHalf = "limit=";

constexpr Kind kKinds[] = {
    {kHalf, "half of it moved", Duty::kRecover, moves},
    {"byte", "one byte moved", Duty::kRecover, moves},
    {"eintr", "EINTR", Duty::kRecover, [](const Entry& e) { return e.may_sleep; }},
    {"eagain", "EAGAIN", Duty::kRecover, [](const Entry& e) { return e.may_refuse; }},
    {"gone", "gone from there on (ENOSYS)", Duty::kRecover, [](const Entry&) { return true; }},
    {"gone=EPERM", "gone from there on (EPERM)", Duty::kRecover, [](const Entry&) { return true; }},
    {"errno=EINVAL", "EINVAL", Duty::kRecover, splices},
    {"errno=ENOMEM", "ENOMEM", Duty::kNotice, splices},
    {"errno=EIO", "EIO", Duty::kNotice, reads_storage},
    {"partial=EIO", "a part, then EIO", Duty::kNotice,
     [](const Entry& e) { return moves(e) && reads_storage(e); }},
    {"errno=ENOSPC", "ENOSPC", Duty::kNotice, stores},
    {"partial=ENOSPC", "a part, then ENOSPC", Duty::kNotice,
     [](const Entry& e) { return moves(e) && stores(e); }},
};

Failure failure_at(const Place& place, const Kind& kind) {
  std::string action = kind.action;
  if (kind.action == kHalf) absl::StrAppend(&action, place.entry->result / 2);
  const std::string thread = place.thread == 0 ? "" : absl::StrCat("@thread=", place.thread);
  Failure failure;
  failure.spec = absl::StrCat(place.name(), ":", action, "@", place.number, thread,
                              "@process=", place.process);
  failure.what = kind.what;
  failure.where = absl::StrCat(place.name(), " ", place.number, " of ", place.process,
                               place.thread == 0 ? "" : absl::StrCat(", thread ", place.thread));
  failure.kind = absl::StrCat(place.name(), " ", name_of_kinds(place.entry->in), "->",
                              name_of_kinds(place.entry->out));
  failure.duty = kind.duty;
  return failure;
}

std::vector<Place> places_of(const std::vector<const Entry*>& entries) {
  std::map<std::tuple<std::string, uint32_t, Call, uint64_t>, const Entry*> found;
  for (const Entry* entry : entries) {
    const Entry*& known = found[{plain_name(entry->site.process), entry->site.thread,
                                 entry->site.call, entry->site.number}];
    if (known == nullptr || (known->result <= 0 && entry->result > 0)) known = entry;
  }
  std::vector<Place> places;
  for (const auto& [key, entry] : found) {
    const auto& [process, thread, call, number] = key;
    places.push_back({process, thread, call, number, entry});
  }
  return places;
}

// 0, 1, 2, the last; then 4, 8, 16, ..., and at last all others.
std::vector<size_t> order_of(size_t count) {
  std::vector<size_t> order;
  std::set<size_t> taken;
  const auto take = [&](size_t index) {
    if (index < count && taken.insert(index).second) order.push_back(index);
  };
  for (size_t i = 0; i < 3; ++i) take(i);
  take(count - 1);
  for (size_t i = 4; i < count; i *= 2) take(i);
  for (size_t i = 0; i < count; ++i) take(i);
  return order;
}

void add_for_all(const std::vector<Place>& places, std::vector<Failure>* failures) {
  std::set<std::string> names;
  for (const Place& place : places) {
    if (moves(*place.entry)) names.insert(place.name());
  }
  for (const std::string& name : names) {
    for (const auto& [action, what] :
         {std::pair("short;seed=1", "short counts"), std::pair("short;seed=2", "short counts"),
          std::pair("byte@1..20", "one byte each at first")}) {
      failures->push_back({absl::StrCat(name, ":", action), what, absl::StrCat("every ", name),
                           name, Duty::kRecover, true});
    }
  }
}

}  // namespace

void keep_calls_of(const std::vector<std::string>& programs, std::vector<const Entry*>* entries) {
  const auto other = [&](const Entry* entry) {
    const absl::string_view process = entry->site.process;
    const absl::string_view program = process.substr(0, process.find_first_of("#/"));
    return std::find(programs.begin(), programs.end(), program) == programs.end();
  };
  entries->erase(std::remove_if(entries->begin(), entries->end(), other), entries->end());
}

std::vector<Failure> legal_failures(const std::vector<const Entry*>& entries) {
  const std::vector<Place> places = places_of(entries);
  std::vector<Failure> failures;
  add_for_all(places, &failures);
  // Calls of one thread from and to the same kinds of ends.
  std::map<std::tuple<std::string, uint32_t, Call, inject::Kinds, inject::Kinds>,
           std::vector<const Place*>>
      groups;
  for (const Place& place : places) {
    groups[{place.process, place.thread, place.call, place.entry->in, place.entry->out}].push_back(
        &place);
  }
  struct Turn {
    size_t turn;  // in its group
    const Place* place;
  };
  std::vector<Turn> turns;
  for (const auto& [key, group] : groups) {
    size_t turn = 0;
    for (const size_t index : order_of(group.size())) turns.push_back({turn++, group[index]});
  }
  std::stable_sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return std::tie(a.turn, a.place->number) < std::tie(b.turn, b.place->number);
  });
  for (const Turn& turn : turns) {
    for (const Kind& kind : kKinds) {
      if (kind.possible(*turn.place->entry)) failures.push_back(failure_at(*turn.place, kind));
    }
  }
  return failures;
}

}  // namespace anysplice::tools
