// For programs that leave time as it is.
#include "core/base/sync_point.h"

void anysplice::sync_point() {}
