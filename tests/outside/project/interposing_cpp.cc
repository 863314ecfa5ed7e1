#include "interposing.c"
