// The journal of what was decided at which call: a file shared by all processes of a run. The
// command makes it beforehand, and turns it into text at the end. Because the file is mapped, it
// can be written without a descriptor, after a chroot, and by a process that is about to be killed.
//
// Thread-safe, async-signal-safe, shared between processes.
#ifndef ANYSPLICE_CORE_INJECT_JOURNAL_H_
#define ANYSPLICE_CORE_INJECT_JOURNAL_H_

#include <atomic>

#include "core/inject/plan.h"

namespace anysplice::inject {

// What is done to one call: by default nothing.
struct Decision {
  uint64_t limit = kNoLimit;  // bytes at most
  uint64_t delay = 0;         // nanoseconds
  int32_t error = 0;
  bool zero = false;

  bool nothing() const { return limit == kNoLimit && delay == 0 && error == 0 && !zero; }
  bool operator==(const Decision&) const = default;
};

// Which call: the `number`th call of that name in that thread of that process.
struct Site {
  char process[kNameSize] = "";
  uint32_t thread = 0;
  Call call = Call::kSplice;
  uint64_t number = 0;
};

struct Entry {
  Site site;
  Decision decision;
  // What `explore` needs to know about the call.
  uint64_t length;  // asked for
  int64_t result;   // bytes or -errno; kUnfinished if the call did not return
  Kinds in;
  Kinds out;
  bool may_shorten;
  bool may_refuse;  // with EAGAIN
  bool may_sleep;   // and be interrupted
  std::atomic<bool> complete;

  static constexpr int64_t kUnfinished = INT64_MIN;
};

struct Journal {
  static constexpr uint64_t kMagic = 0x4a70736e79616e01;  // low byte: version
  static constexpr size_t kStarts = 512;
  static constexpr size_t kEntries = 1 << 16;

  struct Start {
    std::atomic<uint64_t> program;  // its name, hashed; 0: free
    std::atomic<uint32_t> count;
  };

  std::atomic<uint64_t> magic;
  std::atomic<uint64_t> everything;  // not zero: calls to which nothing is done are recorded too
  std::atomic<uint64_t> used;        // entries asked for; those beyond kEntries were not written
  Start start[kStarts];
  Entry entry[kEntries];
};

// Maps the file. False, changing nothing, if it is not one made for this purpose and this user.
bool open_journal(const char* path);
bool journal_open();
// Whether calls to which nothing is done are to be recorded too.
bool journal_everything();

// Counts a start of the program, and returns its number: 1 for the first one. Always 1 without a
// journal.
uint32_t count_start(const char* program);

// Null if there is no journal, or no room in it.
Entry* new_entry();

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_JOURNAL_H_
