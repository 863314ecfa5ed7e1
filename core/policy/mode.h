// How the engine answers the splice family: the mode, and what it has learned of the kernel.
//
// Thread-safe and async-signal-safe: plain atomics.
#ifndef ANYSPLICE_CORE_POLICY_MODE_H_
#define ANYSPLICE_CORE_POLICY_MODE_H_

#include <stddef.h>

namespace anysplice {

enum class Mode {
  kAuto,     // the kernel's call first; the engine where the call is missing or refuses the file
  kEmulate,  // always the engine
  kNative,   // always the kernel
  kAbsent,   // always fails with absent_errno()
};

enum class Call { kSplice, kTee, kVmsplice, kSendfile, kCopyFileRange };
inline constexpr size_t kCalls = 5;
inline constexpr const char* kCallNames[kCalls] = {"splice", "tee", "vmsplice", "sendfile",
                                                   "copy_file_range"};

Mode mode();
int absent_errno();  // ENOSYS unless chosen otherwise

// Sets the mode for the whole process and forgets what was learned. errno_if_absent counts for
// Mode::kAbsent only.
void set_mode(Mode mode, int errno_if_absent);

// Parses "auto", "emulate", "native", "absent" or "absent=ERRNO" (a name like EPERM, or a number
// from 1 to 4095). Returns false, changing nothing, if the text is none of these.
bool parse_mode(const char* text, Mode* mode, int* errno_if_absent);

// Whether pipes may live in private rings (ANYSPLICE_RINGS, on by default).
bool rings_allowed();
void allow_rings(bool allowed);

// Whether vmsplice may refer to the program's memory instead of copying it (ANYSPLICE_VMSPLICE).
// Only where the calls that take memory away are seen, or the program says that it makes none.
bool vmsplice_refers();
void let_vmsplice_refer(bool refer);
// Parses "reference" or "copy"; false for anything else.
bool parse_vmsplice(const char* text, bool* refer);

// Whether vmsplice into a pipe is to be what a write is (vmsplice_as_write.h).
bool vmsplice_writes();
void let_vmsplice_write(bool write);

// Whether copy_file_range is to be carried out by the engine, in modes auto and emulate
// (ANYSPLICE_COPY_FILE_RANGE). If not, the kernel answers, whatever comes of it.
bool files_copied();
void let_files_be_copied(bool copy);
// Parses "emulate" or "kernel"; false for anything else.
bool parse_copy_file_range(const char* text, bool* copy);

// Whether the kernel is to be asked first for this call: auto mode and not known to be missing, or
// native mode.
bool ask_kernel_first(Call call);

// Whether the kernel has no splice(2), for this process at least: asks once, by a call that moves
// nothing, if no real one has told yet.
bool kernel_lacks_splice();

// Told that a call is refused, or ends the process, before it was ever made (ANYSPLICE_REFUSED).
void note_refused(Call call);
bool known_refused(Call call);

// Told when the engine answers a call; whether it has, or is likely to: where the kernel carries
// all, nothing need be prepared for it.
void note_engine_answers();
bool engine_may_answer();

// Told the errno of a native call that failed in auto mode: true if the engine should carry the
// call instead. Learns that a call is missing: ENOSYS; EPERM if
// it is refused whatever its arguments; EOPNOTSUPP of vmsplice.
bool kernel_declined(Call call, int error);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_POLICY_MODE_H_
