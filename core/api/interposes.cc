// Compiled for each library. Apart from its caller in start.cc, so that the answer can be another
// library's.
#include <anysplice/splice.h>

extern "C" __attribute__((visibility("default"))) int anysplice_interposes() {
  return ANYSPLICE_INTERPOSES;
}
