#include "core/takers.h"

#include <catch2/catch.hpp>
#include <thread>

namespace anysplice {
namespace {

struct TakersTest {
  Takers takers{};

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
    const Taking taking(&takers);
    CHECK(!none());
    {
      const Taking again(&takers);
      CHECK(!none());
    }
    CHECK(!none());
  }
  CHECK(none());
}

TEST_CASE_METHOD(TakersTest, "Takers: a thread does not wait for itself") {
  Takers other{};
  const Taking taking(&takers);
  CHECK(takers.none());
  {
    const Taking elsewhere(&other);
    CHECK(!takers.none());
  }
  CHECK(takers.none());
}

TEST_CASE_METHOD(TakersTest, "Takers: those that were given up are not waited for, new ones are") {
  {
    const Taking lost(&takers);
    give_up();
    CHECK(none());
    const Taking fresh(&takers);
    CHECK(!none());
  }
  // Who was given up came back after all.
  CHECK(none());
  const Taking later(&takers);
  CHECK(!none());
}

}  // namespace anysplice
