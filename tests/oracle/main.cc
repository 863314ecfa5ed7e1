#define CATCH_CONFIG_RUNNER
#include <stdio.h>

#include <catch2/catch.hpp>

#include "tests/oracle/runner.h"

int main(int argc, char** argv) {
  const int result = Catch::Session().run(argc, argv);
  fputs(oracle::totals().c_str(), stdout);
  return result;
}
