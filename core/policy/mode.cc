#include "core/policy/mode.h"

#include <errno.h>
#include <string.h>

#include <atomic>

#include "core/base/errno_names.h"
#include "core/base/placement.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

std::atomic<Mode> current{Mode::kAuto};
std::atomic<int> absent_as{ENOSYS};
std::atomic<bool> rings{true};
std::atomic<bool> referring{false};
std::atomic<bool> writing{false};
std::atomic<bool> copying{false};
std::atomic<bool> missing[kCalls];
std::atomic<bool> engine_answered;
std::atomic<bool> asked;  // kernel_lacks_splice() did

// The errno of a call that moves nothing: the kernel, if it has the call, answers without looking
// further, a filter that refuses it refuses this too.
int answer_to_nothing(Call call) {
  ssize_t n = 0;
  switch (call) {
    case Call::kSplice:
      n = sys->splice(-1, nullptr, -1, nullptr, 0, 0);
      break;
    case Call::kTee:
      n = sys->tee(-1, -1, 0, 0);
      break;
    case Call::kVmsplice:
      n = sys->vmsplice(-1, nullptr, 0, 0);
      break;
    case Call::kSendfile:
      n = sys->sendfile64(-1, -1, nullptr, 0);
      break;
    case Call::kCopyFileRange:  // nothing is learned of it
      break;
  }
  return n < 0 ? errno : 0;
}

}  // namespace

Mode mode() { return current.load(std::memory_order_relaxed); }
int absent_errno() { return absent_as.load(std::memory_order_relaxed); }

void set_mode(Mode mode, int errno_if_absent) {
  absent_as.store(errno_if_absent, std::memory_order_relaxed);
  for (auto& call : missing) call.store(false, std::memory_order_relaxed);
  asked.store(false, std::memory_order_relaxed);
  current.store(mode, std::memory_order_relaxed);
}

bool parse_mode(const char* text, Mode* mode, int* errno_if_absent) {
  *errno_if_absent = ENOSYS;
  if (strcmp(text, "auto") == 0) {
    *mode = Mode::kAuto;
  } else if (strcmp(text, "emulate") == 0) {
    *mode = Mode::kEmulate;
  } else if (strcmp(text, "native") == 0) {
    *mode = Mode::kNative;
  } else if (strncmp(text, "absent", 6) == 0) {
    if (text[6] == '=') {
      const int error = parse_errno(text + 7);
      if (error == 0) return false;
      *errno_if_absent = error;
    } else if (text[6] != '\0') {
      return false;
    }
    *mode = Mode::kAbsent;
  } else {
    return false;
  }
  return true;
}

bool rings_allowed() { return rings.load(std::memory_order_relaxed); }
void allow_rings(bool allowed) { rings.store(allowed, std::memory_order_relaxed); }

bool vmsplice_refers() { return referring.load(std::memory_order_relaxed); }
ANYSPLICE_AT_START void let_vmsplice_refer(bool refer) {
  referring.store(refer, std::memory_order_relaxed);
}

bool vmsplice_writes() { return writing.load(std::memory_order_relaxed); }
void let_vmsplice_write(bool write) { writing.store(write, std::memory_order_relaxed); }

bool parse_vmsplice(const char* text, bool* refer) {
  *refer = strcmp(text, "reference") == 0;
  return *refer || strcmp(text, "copy") == 0;
}

bool files_copied() { return copying.load(std::memory_order_relaxed); }
void let_files_be_copied(bool copy) { copying.store(copy, std::memory_order_relaxed); }

bool parse_copy_file_range(const char* text, bool* copy) {
  *copy = strcmp(text, "emulate") == 0;
  return *copy || strcmp(text, "kernel") == 0;
}

bool ask_kernel_first(Call call) {
  const Mode now = mode();
  if (call == Call::kCopyFileRange) {
    return now == Mode::kNative || (now != Mode::kAbsent && !files_copied());
  }
  if (now == Mode::kAuto) {
    return !missing[static_cast<size_t>(call)].load(std::memory_order_relaxed);
  }
  return now == Mode::kNative;
}

bool kernel_lacks_splice() {
  constexpr size_t kIndex = static_cast<size_t>(Call::kSplice);
  // Two threads may both ask. To exchange a single byte some machines need a library (riscv64).
  if (!asked.load(std::memory_order_acquire)) {
    const int kept = errno;
    const int error = answer_to_nothing(Call::kSplice);
    if (error == ENOSYS || error == EPERM) missing[kIndex].store(true, std::memory_order_relaxed);
    asked.store(true, std::memory_order_release);
    errno = kept;
  }
  return missing[kIndex].load(std::memory_order_relaxed);
}

bool known_refused(Call call) {
  return missing[static_cast<size_t>(call)].load(std::memory_order_relaxed);
}

void note_refused(Call call) {
  missing[static_cast<size_t>(call)].store(true, std::memory_order_relaxed);
  if (call == Call::kCopyFileRange) return;  // the engine does not answer it for that
  if (call == Call::kSplice) asked.store(true, std::memory_order_release);
  note_engine_answers();
}

void note_engine_answers() {
  if (!engine_answered.load(std::memory_order_relaxed)) engine_answered.store(true);
}

bool engine_may_answer() {
  const Mode now = mode();
  return now == Mode::kEmulate || (now == Mode::kAuto && engine_answered.load());
}

bool kernel_declined(Call call, int error) {
  if (call == Call::kCopyFileRange) return false;  // copy_file_range.cc
  // EINVAL: of this kind of file, or of these arguments, which the engine's own checks tell.
  // EOPNOTSUPP: of this kind of file, but where there are no kinds, of the call.
  bool learn = error == ENOSYS || (error == EOPNOTSUPP && call == Call::kVmsplice);
  if (error == EPERM) {
    learn = answer_to_nothing(call) == EPERM;
    errno = error;
  }
  if (learn) missing[static_cast<size_t>(call)].store(true, std::memory_order_relaxed);
  return learn || error == EINVAL || error == EOPNOTSUPP;
}

}  // namespace anysplice
