// Calls from constructors of libraries, before main().
#include "early_library.h"
#include "hazard.h"

HAZARD(library_constructor) { CHECK(carried_early()); }

HAZARD(library_constructor_before_all_others) { CHECK(carried_first()); }

// A library that comes after us in LD_PRELOAD.
ROLE(preloaded) { CHECK(carried_early() && carried_first()); }

HAZARD(preloaded_library_constructor) {
  const char* already = getenv("LD_PRELOAD");
  const std::string others = already == nullptr ? "" : std::string(already) + ":";
  const std::string list = others + hazard::neighbour("libearly.so");
  CHECK_EQ(setenv("LD_PRELOAD", list.c_str(), 1), 0);
  hazard::finish(hazard::rerun("preloaded", "", 0));
}
