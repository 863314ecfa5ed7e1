// Prints what the run came to when it is over.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <stdio.h>

#include "tests/catch.h"
#include "tests/oracle/runner.h"

namespace {

struct Totals : Catch::TestEventListenerBase {
  using Catch::TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    Catch::TestEventListenerBase::testRunEnded(stats);
    fputs(oracle::totals().c_str(), stdout);
  }
};
CATCH_REGISTER_LISTENER(Totals)

}  // namespace
