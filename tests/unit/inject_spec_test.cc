#include <errno.h>
#include <string.h>

#include <memory>
#include <string>

#include "core/inject/profiles.h"
#include "core/inject/spec.h"
#include "core/inject/words.h"
#include "tests/catch.h"

namespace anysplice::inject {
namespace {

std::unique_ptr<Plan> parsed(const char* text) {
  auto plan = std::make_unique<Plan>();
  SpecError error;
  INFO(text);
  const bool good = parse_spec(text, plan.get(), &error);
  INFO(error.message);
  REQUIRE(good);
  return plan;
}

bool is_about(const Rule& rule, double chance) {
  const double got = static_cast<double>(rule.chance) / static_cast<double>(kAlways);
  return got > chance - 1e-9 && got < chance + 1e-9;
}

TEST_CASE("the specification of the manual page", "[inject]") {
  const auto plan = parsed(
      "splice:short=0.3,eagain=0.05;tee:errno=EINVAL@3;vmsplice:enosys;all:delay=1ms@0.1;seed=7");
  CHECK(plan->seed == 7);
  REQUIRE(plan->rules == 5);
  const Rule* rule = plan->rule;
  CHECK(rule[0].calls == bit(Call::kSplice));
  CHECK(rule[0].act == Act::kShort);
  CHECK(is_about(rule[0], 0.3));
  CHECK(rule[1].act == Act::kErrno);
  CHECK(rule[1].error == EAGAIN);
  CHECK(is_about(rule[1], 0.05));
  CHECK(rule[2].calls == bit(Call::kTee));
  CHECK(rule[2].error == EINVAL);
  CHECK(rule[2].first == 3);
  CHECK(rule[2].last == 3);
  CHECK(rule[3].calls == bit(Call::kVmsplice));
  CHECK(rule[3].error == ENOSYS);
  CHECK(rule[3].chance == kAlways);
  CHECK(rule[4].calls == kAllCalls);
  CHECK(rule[4].act == Act::kDelay);
  CHECK(rule[4].amount == 1000000);
  CHECK(is_about(rule[4], 0.1));
}

TEST_CASE("what can be said of a rule", "[inject]") {
  const auto plan = parsed(
      "splice+sendfile(file|proc->pipe):limit=4k@3..7@every=2@above=1m@below=1g@thread=2,"
      "partial=EIO@2..;unsafe:tee:zero@process=pv#2/1,errno=EBADF;vmsplice(memory->pipe):byte,"
      "gone=EPERM@50%;pipes:capacity=8k;pipes:fixed;");
  REQUIRE(plan->rules == 6);
  const Rule* rule = plan->rule;
  CHECK(rule[0].calls == (bit(Call::kSplice) | bit(Call::kSendfile)));
  CHECK(rule[0].narrowed);
  CHECK(rule[0].in == (kFile | kProc));
  CHECK(rule[0].out == kPipe);
  CHECK(rule[0].act == Act::kLimit);
  CHECK(rule[0].amount == 4096);
  CHECK(rule[0].first == 3);
  CHECK(rule[0].last == 7);
  CHECK(rule[0].every == 2);
  CHECK(rule[0].above == 1 << 20);
  CHECK(rule[0].below == 1 << 30);
  CHECK(rule[0].thread == 2);
  CHECK(rule[1].act == Act::kPartial);
  CHECK(rule[1].error == EIO);
  CHECK(rule[1].first == 2);
  CHECK(rule[1].last == UINT64_MAX);
  CHECK(rule[1].thread == -1);
  CHECK(rule[2].unsafe);
  CHECK(rule[2].act == Act::kZero);
  CHECK(std::string(rule[2].process) == "pv#2/1");
  CHECK(rule[3].unsafe);
  CHECK(rule[3].error == EBADF);
  CHECK_FALSE(rule[4].unsafe);
  CHECK(rule[4].act == Act::kLimit);
  CHECK(rule[4].amount == 1);
  CHECK(rule[5].act == Act::kGone);
  CHECK(rule[5].error == EPERM);
  CHECK(is_about(rule[5], 0.5));
  CHECK(plan->pipe_capacity == 8192);
  CHECK(plan->pipe_fixed);
}

TEST_CASE("what cannot be understood is told with its place", "[inject]") {
  const struct {
    const char* text;
    size_t at;
    size_t length;
    const char* word;  // of the message
  } kWrong[] = {
      {"", 0, 0, "nothing"},
      {";", 0, 0, "call"},
      {"splice", 6, 0, "':'"},
      {"splice:", 7, 0, "limit=BYTES"},
      {"splice:shrt=3", 7, 4, "partial=ERROR"},
      {"splice:short,,byte", 13, 0, "short"},
      {"splice:short)", 7, 6, "short"},
      {"seed=7;spl:short", 7, 3, "vmsplice"},
      {"sed=7", 0, 3, "seed"},
      {"seed=-1", 5, 2, "number"},
      {"as=plan9", 3, 5, "gvisor"},
      {"splice:short=1.5", 13, 3, "0 to 1"},
      {"splice:short=110%", 13, 4, "100%"},
      {"splice:limit=0", 13, 1, "limit=512"},
      {"splice:limit=5q", 13, 2, "limit=512"},
      {"splice:delay=61s", 13, 3, "60s"},
      {"splice:errno=ENOTHING", 13, 8, "name"},
      {"splice:errno", 12, 0, "name"},
      {"splice:errno=EBADF", 13, 5, "unsafe:"},
      {"tee:partial=EIO", 12, 3, "EINVAL"},
      {"vmsplice:gone=EIO", 14, 3, "ENOSYS"},
      {"splice:zero", 7, 4, "unsafe:"},
      {"splice(file->pip):short", 13, 3, "socket"},
      {"splice(file>pipe):short", 11, 6, "->"},
      {"splice(file->pipe", 17, 0, "')'"},
      {"splice(file->pipe:short", 23, 0, "')'"},
      {"splice(fd:x->pipe):short", 10, 1, "fd:3"},
      {"splice(file:->pipe):short", 12, 0, "127"},
      {"splice(->tcp:80):short", 13, 2, "port"},
      {"splice(->memory:x):short", 9, 6, "fd:NUMBER"},
      {"splice(->:x):short", 9, 0, "fd:NUMBER"},
      {"tee(file:*.log->pipe):short", 4, 17, "ends"},
      {"tee(file->pipe):short", 4, 11, "ends"},
      {"vmsplice(pipe->pipe):short", 9, 11, "ends"},
      {"copy_file_range(file->pipe):short", 16, 11, "ends"},
      {"copy_file_range:errno=EPIPE", 22, 5, "EXDEV"},
      {"sendfile:errno=EXDEV", 15, 5, "ENOBUFS"},
      {"splice:short@0", 13, 1, "from 1"},
      {"splice:short@7..3", 13, 4, "range"},
      {"splice:short@x", 13, 1, "@every=N"},
      {"splice:short@evry=3", 13, 4, "@every=N"},
      {"splice:short@every=0", 19, 1, "every=4"},
      {"splice:short@below=x", 19, 1, "bytes"},
      {"splice:short@after=x", 19, 1, "bytes"},
      {"splice:short@thread=x", 20, 1, "first"},
      {"splice:short@process=", 21, 0, "name"},
      {"pipes:size=4k", 6, 4, "capacity"},
      {"pipes:capacity=1k", 15, 2, "4096"},
  };
  for (const auto& wrong : kWrong) {
    Plan plan;
    SpecError error;
    INFO(wrong.text);
    CHECK_FALSE(parse_spec(wrong.text, &plan, &error));
    INFO(error.message);
    CHECK(error.at == wrong.at);
    CHECK(error.length == wrong.length);
    CHECK(strstr(error.message, wrong.word) != nullptr);
  }
}

TEST_CASE("no text, however wrong, leads the parser astray", "[inject]") {
  const std::string right[] = {
      "splice:short=0.3,eagain=0.05;tee:errno=EINVAL@3;vmsplice:enosys;all:delay=1ms@0.1;seed=7",
      "splice+sendfile(file|proc->pipe):limit=4k@3..7@every=2@above=1m@below=1g@thread=2",
      "unsafe:tee:zero@process=pv#2/1;pipes:capacity=8k;pipes:fixed;as=gvisor",
      "vmsplice(memory->pipe):byte=10%,gone=EPERM,partial=ENOMEM@2..;",
      "splice(file:*.log|fd:7->pipe):short@after=1m;sendfile(->tcp:[::1]:80|unix:/x):pass@3"};
  uint64_t state = 1;
  const auto draw = [&state](size_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(state >> 33) % below;
  };
  int good = 0;
  for (int i = 0; i < 30000; ++i) {
    std::string text = right[draw(std::size(right))];
    for (size_t changes = draw(4); changes > 0; --changes) {
      const size_t at = draw(text.size());
      const std::string& other = right[draw(std::size(right))];
      switch (draw(3)) {
        case 0:
          text.erase(at, 1 + draw(3));
          break;
        case 1:
          text[at] = static_cast<char>(1 + draw(255));
          break;
        default:
          text.insert(at, other, draw(other.size()), 1 + draw(8));
      }
    }
    Plan plan;
    SpecError error;
    if (parse_spec(text.c_str(), &plan, &error)) {
      ++good;
      continue;
    }
    REQUIRE(error.at + error.length <= text.size());
    REQUIRE(error.message[0] != '\0');
    SpecReport report;
    describe("--inject", text.c_str(), error, report);
  }
  CHECK((good > 5000 && good < 25000));
}

TEST_CASE("64 rules and no more", "[inject]") {
  std::string text = "all:delay=0s";
  for (int i = 1; i < 64; ++i) text += ",delay=0s";
  CHECK(parsed(text.c_str())->rules == 64);
  Plan plan;
  SpecError error;
  CHECK_FALSE(parse_spec((text + ",short").c_str(), &plan, &error));
  CHECK(error.at == text.size() + 1);
}

TEST_CASE("the report of an error marks the place", "[inject]") {
  SpecReport report;
  SpecError error;
  Plan plan;
  REQUIRE_FALSE(parse_spec("tee:shrt", &plan, &error));
  describe("--inject", "tee:shrt", error, report);
  const std::string text = report;
  CHECK(text.find("--inject: ") == 0);
  CHECK(text.find("\n  tee:shrt\n      ^^^^") == text.size() - 22);
  // A long one is shown around the place, and no line is longer than a terminal's.
  std::string spec;
  for (int i = 0; i < 30; ++i) spec += "tee:short;";
  spec += "tee:shrt;" + std::string(200, 'x');
  Plan second;
  REQUIRE_FALSE(parse_spec(spec.c_str(), &second, &error));
  describe("ANYSPLICE_INJECT", spec.c_str(), error, report);
  std::string whole = "anysplice: " + std::string(report);
  for (size_t at = 0; at < whole.size();) {
    const size_t end = std::min(whole.find('\n', at), whole.size());
    CHECK(end - at <= 80);
    at = end + 1;
  }
  const size_t marks = whole.find('^') - whole.rfind('\n');
  const size_t line = whole.rfind('\n', whole.rfind('\n') - 1);
  CHECK(whole.substr(line + marks, 4) == "shrt");
}

TEST_CASE("every profile is a specification", "[inject]") {
  for (const Profile& profile : profiles) {
    const auto plan = parsed((std::string("as=") + profile.name).c_str());
    CHECK((plan->rules > 0 || plan->pipe_fixed || plan->pipe_capacity > 0 || plan->pipe_copies));
  }
}

bool chance_of(const char* text, uint64_t* chance) {
  return read_chance({text, strlen(text)}, chance);
}

TEST_CASE("chances", "[inject]") {
  uint64_t chance;
  CHECK((chance_of("0", &chance) && chance == 0));
  CHECK((chance_of("1", &chance) && chance == kAlways));
  CHECK((chance_of("100%", &chance) && chance == kAlways));
  CHECK((chance_of(".5", &chance) && chance == kAlways / 2));
  CHECK((chance_of("12.5%", &chance) && chance == kAlways / 8));
  for (const char* wrong : {"", ".", "%", "1.1", "-1", "0.5x", "0..5", "0.1234567891"}) {
    CHECK_FALSE(chance_of(wrong, &chance));
  }
}

}  // namespace
}  // namespace anysplice::inject
