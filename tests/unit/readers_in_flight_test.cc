#include "core/pipe/readers_in_flight.h"

#include <thread>

#include "tests/catch.h"

namespace anysplice {
namespace {

struct ReadersInFlightTest {
  std::atomic<int> now{};
  std::atomic<int> lost{};
  ReadersInFlight readers{now, lost};

  // Looked at by another thread, as by one that wants to take bytes out.
  bool none() {
    bool answer = false;
    std::thread([&] { answer = readers.none(); }).join();
    return answer;
  }
  void give_up() {
    std::thread([&] { readers.give_up(); }).join();
  }
};

}  // namespace

TEST_CASE_METHOD(ReadersInFlightTest, "ReadersInFlight: counted while they read") {
  CHECK(none());
  {
    const ReaderInFlight taking(readers);
    CHECK(!none());
    {
      const ReaderInFlight again(readers);
      CHECK(!none());
    }
    CHECK(!none());
  }
  CHECK(none());
}

TEST_CASE_METHOD(ReadersInFlightTest, "ReadersInFlight: a thread does not wait for itself") {
  std::atomic<int> other_now{};
  std::atomic<int> other_lost{};
  const ReadersInFlight other(other_now, other_lost);
  const ReaderInFlight taking(readers);
  CHECK(readers.none());
  {
    const ReaderInFlight elsewhere(other);
    CHECK(!readers.none());
  }
  CHECK(readers.none());
}

TEST_CASE_METHOD(ReadersInFlightTest,
                 "ReadersInFlight: those that were given up are not waited for, new ones are") {
  {
    const ReaderInFlight left(readers);
    give_up();
    CHECK(none());
    const ReaderInFlight fresh(readers);
    CHECK(!none());
  }
  // Who was given up came back after all.
  CHECK(none());
  const ReaderInFlight later(readers);
  CHECK(!none());
}

}  // namespace anysplice
