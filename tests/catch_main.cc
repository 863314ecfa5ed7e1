// For Catch2 2; version 3 has its main() in a library.
#define CATCH_CONFIG_MAIN
#include "tests/catch.h"
