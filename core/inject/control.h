// The file by which rules are switched on and off while a program runs (`anysplice inject`): one
// specification, as text. The command makes it, all processes of a run map it.
//
// It is read by anybody at any time, without a lock, and only as text: what it says is parsed into
// memory of the process (in_force.h). Thread-safe, async-signal-safe.
#ifndef ANYSPLICE_CORE_INJECT_CONTROL_H_
#define ANYSPLICE_CORE_INJECT_CONTROL_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace anysplice::inject {

struct Control {
  static constexpr uint64_t kMagic = 0x4370736e79616e01;  // low byte: version of the layout
  static constexpr size_t kText = 8192 - 2 * sizeof(uint64_t);

  std::atomic<uint64_t> magic;
  // Grows with each change, and is odd during one. 0: says nothing.
  std::atomic<uint64_t> version;
  char text[kText];  // with its final 0
};

// Maps the file. False, changing nothing, if it is not one made for this purpose and this user.
bool open_control(const char* path);
bool control_open();

// Whether there is another version of the text than that one.
bool control_changed(uint64_t version);
// Copies the text. False if it is being changed.
bool read_control(uint64_t* version, char (&text)[Control::kText]);

// From now on it never changes: whoever shares it has more rights than this process.
void leave_control();

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_CONTROL_H_
