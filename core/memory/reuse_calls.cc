#include "core/memory/reuse_calls.h"

#include <string.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/base/text.h"
#include "core/sys/memory.h"
#include "core/sys/say.h"
#include "core/sys/splice_flags.h"
#include "core/sys/sys.h"

namespace anysplice::reuse {
namespace {

struct Record {
  std::atomic<uint64_t> number;
  uintptr_t address;
  size_t length;
  int fd;
  unsigned flags;
  size_t frames;
  uintptr_t frame[kMostFrames];
};

// More than there are pipe buffers in most programs: of an older call only the number is known.
constexpr size_t kRecords = 1 << 14;

Record* records;
std::atomic<uint64_t> calls;
std::atomic<const Host*> host;

// What of a call a finding tells; another thread may be writing over it.
bool read_record(uint64_t call, Record* copy) {
  const Record& record = records[call % kRecords];
  if (record.number.load(std::memory_order_acquire) != call) return false;
  copy->address = record.address;
  copy->length = record.length;
  copy->fd = record.fd;
  copy->flags = record.flags;
  copy->frames = std::min(record.frames, kMostFrames);
  std::copy_n(record.frame, copy->frames, copy->frame);
  std::atomic_thread_fence(std::memory_order_acquire);
  return record.number.load(std::memory_order_relaxed) == call;
}

Frame frame_of(uintptr_t address) {
  const Host* const known = host.load(std::memory_order_acquire);
  uintptr_t offset = address;
  const char* const path = known != nullptr ? known->locate(address, &offset) : nullptr;
  return {offset, path != nullptr ? object_number(path) : kNoObject};
}

template <size_t N>
void append_hex(char (&line)[N], uint64_t number) {
  char digits[20];
  char* at = digits + sizeof(digits);
  *--at = '\0';
  do {
    *--at = "0123456789abcdef"[number % 16];
    number /= 16;
  } while (number != 0);
  append_text(line, "0x");
  append_text(line, at);
}

// Without the command there is one line.
void say_finding(const Finding& finding) {
  char line[900] = "reuse: memory that vmsplice ";
  append_number(line, finding.call);
  append_text(line, " put into the pipe of descriptor ");
  append_number(line, static_cast<size_t>(finding.fd));
  append_text(line, finding.what == What::kGone ? " was unmapped" : " was changed");
  append_text(line, " before its bytes had left: byte ");
  append_number(line, finding.at);
  append_text(line, " of ");
  append_number(line, finding.length);
  append_text(line, ", at ");
  append_hex(line, finding.address);
  append_text(line, finding.frames > 0 ? "; called at" : "");
  for (uint32_t i = 0; i < finding.frames; ++i) {
    const Frame& frame = finding.frame[i];
    append_text(line, " ");
    if (frame.object != kNoObject) {
      append_text(line, findings().object[frame.object].path);
      append_text(line, "+");
    }
    append_hex(line, frame.offset);
  }
  say(line);
}

}  // namespace

bool prepare_calls() {
  records = static_cast<Record*>(map_memory(kRecords * sizeof(Record), Sharing::kPrivate));
  return records != nullptr;
}

void use(const Host* known) { host.store(known, std::memory_order_release); }

uint64_t record_call(int fd, const iovec* iov, size_t total, unsigned flags) {
  const KeepErrno keep;
  const uint64_t number = calls.fetch_add(1) + 1;
  Record& record = records[number % kRecords];
  record.number.store(0, std::memory_order_release);
  std::atomic_thread_fence(std::memory_order_release);
  while (iov->iov_len == 0) ++iov;
  record.address = reinterpret_cast<uintptr_t>(iov->iov_base);
  record.length = total;
  record.fd = fd;
  record.flags = flags;
  const Host* const known = host.load(std::memory_order_acquire);
  record.frames = known != nullptr ? known->walk(record.frame, kMostFrames) : 0;
  record.number.store(number, std::memory_order_release);
  findings().calls.fetch_add(1, std::memory_order_relaxed);
  return number;
}

void note_moved(size_t bytes) { findings().bytes.fetch_add(bytes, std::memory_order_relaxed); }
void note_followed(size_t bytes) {
  findings().followed.fetch_add(bytes, std::memory_order_relaxed);
}
void note_settled(size_t bytes) { findings().settled.fetch_add(bytes, std::memory_order_relaxed); }

void report(const Report& report) {
  const KeepErrno keep;
  Record record{};
  const bool known = read_record(report.call, &record);
  // A gift may be unmapped: that is what it is for.
  if (known && report.what == What::kGone && (record.flags & kSpliceGift) != 0) return;
  Frame frame[kMostFrames];
  const size_t frames = known ? record.frames : 0;
  for (size_t i = 0; i < frames; ++i) frame[i] = frame_of(record.frame[i]);
  const Kind kind{report.what, report.way, frame, static_cast<uint32_t>(frames)};
  Finding* const finding = add(kind, sys->getpid(), report.call, report.bytes);
  if (finding == nullptr) return;
  finding->start = record.address;
  finding->address = report.address;
  finding->at = report.at;
  finding->was = report.was;
  finding->is = report.is;
  finding->length = record.length;
  finding->fd = known ? record.fd : -1;
  const Host* const teller = host.load(std::memory_order_acquire);
  finding->program = teller != nullptr ? object_number(teller->program) : kNoObject;
  complete(*finding);
  if (!findings_shared()) say_finding(*finding);
}

}  // namespace anysplice::reuse
