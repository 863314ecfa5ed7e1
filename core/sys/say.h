// One line on stderr, to say that something asked for in the environment cannot be done.
#ifndef ANYSPLICE_CORE_SYS_SAY_H_
#define ANYSPLICE_CORE_SYS_SAY_H_

#include <string.h>

#include "core/base/text.h"
#include "core/sys/sys.h"

namespace anysplice {

// "anysplice: " and the texts. Async-signal-safe.
template <typename... Texts>
void say(Texts... texts) {
  char line[1024] = "anysplice: ";
  (append_text(line, texts), ...);
  append_text(line, "\n");
  sys->write(2, line, strlen(line));
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SAY_H_
