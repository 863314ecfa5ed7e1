#include "explicit.c"
