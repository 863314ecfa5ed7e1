#include <thread>

#include "core/pipe/readers_in_flight.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

struct TakersTest {
  ReadersInFlight takers{};

  // Looked at by another thread, as by one that wants to take bytes out.
  bool none() {
    bool answer = false;
    std::thread([&] { answer = takers.none(); }).join();
    return answer;
  }
  void give_up() {
    std::thread([&] { takers.give_up(); }).join();
  }
};

}  // namespace

TEST_CASE_METHOD(TakersTest, "Takers: counted while they take") {
  CHECK(none());
  {
    const ReaderInFlight taking(&takers);
    CHECK(!none());
    {
      const ReaderInFlight again(&takers);
      CHECK(!none());
    }
    CHECK(!none());
  }
  CHECK(none());
}

TEST_CASE_METHOD(TakersTest, "Takers: a thread does not wait for itself") {
  ReadersInFlight other{};
  const ReaderInFlight taking(&takers);
  CHECK(takers.none());
  {
    const ReaderInFlight elsewhere(&other);
    CHECK(!takers.none());
  }
  CHECK(takers.none());
}

TEST_CASE_METHOD(TakersTest, "Takers: those that were given up are not waited for, new ones are") {
  {
    const ReaderInFlight lost(&takers);
    give_up();
    CHECK(none());
    const ReaderInFlight fresh(&takers);
    CHECK(!none());
  }
  // Who was given up came back after all.
  CHECK(none());
  const ReaderInFlight later(&takers);
  CHECK(!none());
}

}  // namespace anysplice
