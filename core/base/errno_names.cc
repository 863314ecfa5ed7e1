#include "core/base/errno_names.h"

#include <errno.h>
#include <string.h>

namespace anysplice {
namespace {

struct Name {
  int error;
  char text[16];
};

// No function of POSIX leads from a name to its number, or back.
constexpr Name kNames[] = {
#define NAME(error) {error, #error},
#include "core/base/errno_names.def"
#undef NAME
};

}  // namespace

int parse_errno(const char* text) {
  for (const Name& name : kNames) {
    if (strcmp(name.text, text) == 0) return name.error;
  }
  int number = 0;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at < '0' || *at > '9' || number > 4095) return 0;
    number = number * 10 + (*at - '0');
  }
  return number <= 4095 ? number : 0;
}

const char* name_of_errno(int error) {
  for (const Name& name : kNames) {
    if (name.error == error) return name.text;
  }
  return nullptr;
}

}  // namespace anysplice
