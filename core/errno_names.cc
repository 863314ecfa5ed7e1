#include "core/errno_names.h"

#include <errno.h>
#include <string.h>

namespace anysplice {

int parse_errno(const char* text) {
  if (*text == 'E') {
    // No libc function leads from the name to the number; its inverse (glibc 2.32) serves.
    for (int error = 1; error < 256; ++error) {
      const char* name = strerrorname_np(error);
      if (name != nullptr && strcmp(name, text) == 0) return error;
    }
    // Second names of the same numbers, which that function does not give.
    if (strcmp(text, "EWOULDBLOCK") == 0) return EWOULDBLOCK;
    if (strcmp(text, "ENOTSUP") == 0) return ENOTSUP;
    return strcmp(text, "EDEADLOCK") == 0 ? EDEADLOCK : 0;
  }
  int number = 0;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at < '0' || *at > '9' || number > 4095) return 0;
    number = number * 10 + (*at - '0');
  }
  return number <= 4095 ? number : 0;
}

}  // namespace anysplice
