// For programs that leave time as it is.
#include "core/hesitate.h"

void anysplice::hesitate() {}
