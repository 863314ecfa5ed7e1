// Who decides for himself, and that decisions are the same in every run: seeds, threads, processes,
// and the random numbers behind them.
#include <thread>

#include "core/inject/generator.h"
#include "tests/unit/inject_fixture.h"

namespace anysplice::inject {
namespace {

TEST_CASE("the same seed decides the same, another differently", "[inject]") {
  const char* spec = "splice:short=0.5,errno=EIO=0.1;seed=1";
  Plan plan;
  SpecError error;
  REQUIRE_FALSE(parse_spec(spec, &plan, &error));  // '=' is not how errno gets its chance
  Results first;
  {
    Injected injected("splice:short=0.5,errno=EIO@0.1;seed=1");
    first = splices(40);
  }
  for (int i = 0; i < 5; ++i) {
    Injected injected("splice:short=0.5,errno=EIO@0.1;seed=1");
    CHECK(splices(40) == first);
  }
  Injected injected("splice:short=0.5,errno=EIO@0.1;seed=2");
  CHECK(splices(40) != first);
}

TEST_CASE("threads and children decide for themselves, and repeatably", "[inject]") {
  Results main[2], thread[2], child[2];
  for (int i = 0; i < 2; ++i) {
    Injected injected("splice:short");
    main[i] = splices(10);
    std::thread([&] { thread[i] = splices(10); }).join();
    before_fork();
    become_child();  // as in the child
    child[i] = splices(10);
  }
  CHECK(main[0] == main[1]);
  CHECK(thread[0] == thread[1]);
  CHECK(child[0] == child[1]);
  CHECK(main[0] != thread[0]);
  CHECK(main[0] != child[0]);
}

TEST_CASE("a rule for one thread, and for one process", "[inject]") {
  {
    Injected injected("splice:errno=EIO@thread=1");
    Results thread;
    CHECK(splices(1) == Results{1000});
    std::thread([&] { thread = splices(1); }).join();
    CHECK(thread == Results{-EIO});
  }
  {
    Injected injected("splice:errno=EIO@process=unit/2");
    CHECK(splices(1) == Results{1000});
    before_fork();
    before_fork();
    become_child();
    CHECK(std::string(process.name) == "unit/2");
    CHECK(splices(1) == Results{-EIO});
  }
}

TEST_CASE("names of processes", "[inject]") {
  name_process("/usr/bin/p v;x", 1);
  CHECK(std::string(process.name) == "p_v_x");
  name_process("pv", 3);
  CHECK(std::string(process.name) == "pv#3");
  CHECK(std::string(process.plain) == "pv");
  name_process("", 1);
  CHECK(std::string(process.name) == "_");
}

TEST_CASE("chances come true as often as they should", "[inject]") {
  int hits = 0;
  for (uint64_t i = 0; i < 100000; ++i) {
    hits += happens(mix(mix(1, 2), i), kAlways / 10 * 3) ? 1 : 0;
  }
  CHECK((hits > 29400 && hits < 30600));
  for (uint64_t i = 0; i < 1000; ++i) {
    CHECK(happens(mix(3, i), kAlways));
    CHECK_FALSE(happens(mix(3, i), 0));
  }
}

TEST_CASE("short counts are small and large", "[inject]") {
  int ones = 0, large = 0;
  for (uint64_t i = 0; i < 10000; ++i) {
    const uint64_t n = draw_short(mix(4, i), 65536);
    CHECK((n >= 1 && n < 65536));
    ones += n == 1;
    large += n >= 32768;
  }
  CHECK((ones > 400 && ones < 900));
  CHECK((large > 400 && large < 900));
}

}  // namespace
}  // namespace anysplice::inject
