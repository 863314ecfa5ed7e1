// A library that uses a pipe in its constructor, before main() and maybe before our constructor.
// Built twice: as others are, and with -z initfirst.
#include "early_library.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>

namespace {

bool carried = false;

__attribute__((constructor)) void load() {
  int from[2];
  int to[2];
  char bytes[8] = {};
  carried = pipe(from) == 0 && pipe(to) == 0 && write(from[1], "early", 5) == 5 &&
            tee(from[0], to[1], 5, 0) == 5 && splice(from[0], nullptr, to[1], nullptr, 3, 0) == 3 &&
            read(to[0], bytes, sizeof(bytes)) == 8 && memcmp(bytes, "earlyear", 8) == 0 &&
            read(from[0], bytes, sizeof(bytes)) == 2 && memcmp(bytes, "ly", 2) == 0;
  for (const int fd : {from[0], from[1], to[0], to[1]}) close(fd);
}

}  // namespace

bool EARLY_NAME() { return carried; }
