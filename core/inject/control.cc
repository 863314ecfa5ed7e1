#include "core/inject/control.h"

#include <string.h>
#include <sys/mman.h>

#include "core/base/keep_errno.h"
#include "core/sys/shared_file.h"
#include "core/sys/sys.h"

namespace anysplice::inject {
namespace {

Control* control = nullptr;

}  // namespace

bool open_control(const char* path) {
  const KeepErrno keep;
  void* const memory = map_shared_file(path, sizeof(Control), Use::kRead);
  if (memory == nullptr) return false;
  if (static_cast<Control*>(memory)->magic != Control::kMagic) {
    sys->munmap(memory, sizeof(Control));
    return false;
  }
  control = static_cast<Control*>(memory);
  return true;
}

bool control_open() { return control != nullptr; }

bool control_changed(uint64_t version) {
  if (control == nullptr) return false;
  const uint64_t now = control->version.load(std::memory_order_acquire);
  return now != version && now != 0 && now % 2 == 0;
}

bool read_control(uint64_t* version, char (&text)[Control::kText]) {
  *version = control->version.load(std::memory_order_acquire);
  if (*version == 0 || *version % 2 != 0) return false;
  memcpy(text, control->text, sizeof(text));
  text[sizeof(text) - 1] = '\0';
  std::atomic_thread_fence(std::memory_order_acquire);
  return control->version.load(std::memory_order_relaxed) == *version;
}

// Somebody may be reading: zeros come in its place, which say nothing.
void leave_control() {
  const KeepErrno keep;
  if (control == nullptr) return;
#ifdef MAP_ANONYMOUS
  sys->mmap(control, sizeof(Control), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
#else
  control = nullptr;
#endif
}

}  // namespace anysplice::inject
