// One line on stderr where libanysplice-api was preloaded: it takes no call of a program that is
// not written for it, so whoever preloads it meant libanysplice. Runs when the library is loaded.
#include <anysplice/splice.h>
#include <stdlib.h>
#include <string.h>

#include "core/sys/program.h"
#include "core/sys/say.h"

namespace anysplice {
namespace {

// Whether a list of LD_PRELOAD, separated by spaces and colons, has a file of that name, which may
// go on with a version.
bool names_file(const char* list, const char* file) {
  const size_t length = strlen(file);
  while (*list != '\0') {
    const size_t entry = strcspn(list, ": ");
    const void* const slash = memrchr(list, '/', entry);
    const char* const name = slash != nullptr ? static_cast<const char*>(slash) + 1 : list;
    const size_t rest = static_cast<size_t>(list + entry - name);
    if (rest >= length && memcmp(name, file, length) == 0 &&
        (rest == length || name[length] == '.')) {
      return true;
    }
    list += entry;
    list += strspn(list, ": ");
  }
  return false;
}

__attribute__((constructor)) void load() {
  if (anysplice_interposes() != 0 || runs_privileged()) return;
  const char* const preloaded = getenv("LD_PRELOAD");
  if (preloaded == nullptr || !names_file(preloaded, "libanysplice-api.so")) return;
  say("libanysplice-api.so does nothing when preloaded; preload libanysplice.so instead");
}

}  // namespace
}  // namespace anysplice
