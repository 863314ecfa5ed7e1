// One line on stderr, to say that something asked for in the environment cannot be done.
//
// Thread-safe and async-signal-safe: one write(2) of a line on the stack. May change errno.
#ifndef ANYSPLICE_CORE_SYS_SAY_H_
#define ANYSPLICE_CORE_SYS_SAY_H_

#include <string.h>

#include "core/base/text.h"
#include "core/sys/sys.h"

namespace anysplice {

// Writes "anysplice: " and the texts.
template <typename... Texts>
void say(Texts... texts) {
  char line[1024] = "anysplice: ";
  (append_text(line, texts), ...);
  append_text(line, "\n");
  sys->write(2, line, strlen(line));
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SAY_H_
