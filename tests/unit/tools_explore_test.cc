#include <signal.h>
#include <string.h>

#include <deque>
#include <string>
#include <vector>

#include "core/inject/spec.h"
#include "tests/catch.h"
#include "tools/explore/failures.h"
#include "tools/explore/report.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {
namespace {

using inject::Entry;

class Journal {
 public:
  // A call as the library notes it.
  Entry& add(const char* process, uint32_t thread, Call call, uint64_t number, inject::Kinds in,
             inject::Kinds out, int64_t result) {
    Entry& entry = entries_.emplace_back();
    strcpy(entry.site.process, process);
    entry.site.thread = thread;
    entry.site.call = call;
    entry.site.number = number;
    entry.length = 65536;
    entry.result = result;
    entry.in = in;
    entry.out = out;
    entry.may_shorten = true;
    entry.may_refuse = false;
    entry.may_sleep = false;
    list_.push_back(&entry);
    return entry;
  }
  std::vector<Failure> failures() const { return legal_failures(list_); }

 private:
  std::deque<Entry> entries_;
  std::vector<const Entry*> list_;
};

std::vector<std::string> specs(const std::vector<Failure>& failures) {
  std::vector<std::string> list;
  for (const Failure& failure : failures) list.push_back(failure.spec);
  return list;
}

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

TEST_CASE("the failures of one call", "[explore]") {
  Journal journal;
  journal.add("pv", 0, Call::kSplice, 1, inject::kFile, inject::kPipe, 5000);
  CHECK(specs(journal.failures()) ==
        std::vector<std::string>{
            "splice:short;seed=1", "splice:short;seed=2", "splice:byte@1..20",
            "splice:limit=2500@1@process=pv", "splice:byte@1@process=pv",
            "splice:gone@1@process=pv", "splice:gone=EPERM@1@process=pv",
            "splice:errno=EINVAL@1@process=pv", "splice:errno=ENOMEM@1@process=pv",
            "splice:errno=EIO@1@process=pv", "splice:partial=EIO@1@process=pv"});
}

TEST_CASE("all failures are specifications", "[explore]") {
  Journal journal;
  Entry& waiting = journal.add("a#2/1", 3, Call::kSplice, 7, inject::kPipe, inject::kFile, 100);
  waiting.may_sleep = true;
  waiting.may_refuse = true;
  for (const Failure& failure : journal.failures()) {
    inject::Plan plan;
    inject::SpecError error;
    INFO(failure.spec);
    CHECK(inject::parse_spec(failure.spec.c_str(), &plan, &error));
  }
  const auto list = specs(journal.failures());
  CHECK(has(list, "splice:eintr@7@thread=3@process=a/1"));
  CHECK(has(list, "splice:eagain@7@thread=3@process=a/1"));
  CHECK(has(list, "splice:partial=ENOSPC@7@thread=3@process=a/1"));
}

TEST_CASE("only what is legal for a call", "[explore]") {
  Journal journal;
  journal.add("a", 0, Call::kTee, 1, inject::kPipe, inject::kPipe, 100);
  Entry& failed = journal.add("a", 0, Call::kSplice, 1, inject::kPipe, inject::kPipe, -EINVAL);
  failed.may_shorten = false;
  const auto list = specs(journal.failures());
  CHECK_FALSE(has(list, "tee:errno=EIO@1@process=a"));
  CHECK_FALSE(has(list, "tee:eintr@1@process=a"));
  CHECK(has(list, "tee:errno=ENOMEM@1@process=a"));
  CHECK_FALSE(has(list, "splice:byte@1@process=a"));
  CHECK_FALSE(has(list, "splice:errno=ENOMEM@1@process=a"));
  CHECK(has(list, "splice:gone@1@process=a"));
}

TEST_CASE("all starts of a program fail at once", "[explore]") {
  Journal journal;
  journal.add("pv", 0, Call::kSplice, 1, inject::kFile, inject::kPipe, 0);
  const size_t one = journal.failures().size();
  journal.add("pv#2", 0, Call::kSplice, 1, inject::kFile, inject::kPipe, 0);
  CHECK(journal.failures().size() == one);
}

TEST_CASE("the first calls first, then the last, then in between", "[explore]") {
  Journal journal;
  for (uint64_t i = 1; i <= 100; ++i) {
    journal.add("a", 0, Call::kSplice, i, inject::kSocket, inject::kPipe, 0);
  }
  std::vector<uint64_t> order;
  for (const Failure& failure : journal.failures()) {
    if (failure.spec.find("gone@") == std::string::npos) continue;
    order.push_back(std::stoul(failure.spec.substr(strlen("splice:gone@"))));
  }
  REQUIRE(order.size() == 100);
  order.resize(10);
  CHECK(order == std::vector<uint64_t>{1, 2, 3, 100, 5, 9, 17, 33, 65, 4});
}

Trial ended(int wait_status, size_t written = 1) {
  Trial trial;
  trial.wait_status = wait_status;
  trial.written = {written};
  trial.reached = true;
  return trial;
}

TEST_CASE("verdicts", "[explore]") {
  const Trial clean = ended(0);
  const int failed = 1 << 8;
  CHECK(judge(clean, ended(0), Duty::kRecover) == Verdict::kSurvived);
  CHECK(judge(clean, ended(0, 2), Duty::kRecover) == Verdict::kWrongOutput);
  CHECK(judge(clean, ended(0, 2), Duty::kNotice) == Verdict::kWrongOutput);
  CHECK(judge(clean, ended(failed), Duty::kRecover) == Verdict::kWrongStatus);
  CHECK(judge(clean, ended(failed, 2), Duty::kNotice) == Verdict::kSurvived);
  CHECK(judge(clean, ended(SIGSEGV), Duty::kNotice) == Verdict::kKilled);
  Trial hung = ended(SIGKILL);
  hung.timed_out = true;
  CHECK(judge(clean, hung, Duty::kNotice) == Verdict::kHung);
  Trial missed = ended(0);
  missed.reached = false;
  CHECK(judge(clean, missed, Duty::kRecover) == Verdict::kNotReached);
}

TEST_CASE("findings of one kind are one", "[explore]") {
  Exploration exploration;
  exploration.prefix = "anysplice run";
  exploration.command = "true";
  const Failure first{"splice:byte@1", "one byte moved", "splice 1 of a", "splice file->pipe",
                      Duty::kRecover};
  Failure second = first;
  second.spec = "splice:byte@2";
  const Trial failed = ended(1 << 8);
  exploration.add(first, failed, Verdict::kWrongStatus, true);
  exploration.add(second, failed, Verdict::kWrongStatus, true);
  exploration.add(second, ended(0), Verdict::kSurvived, true);
  Trial hung = failed;
  hung.timed_out = true;
  CHECK_FALSE(exploration.hangs_at(first));
  exploration.add(second, hung, Verdict::kHung, false);
  CHECK(exploration.hangs_at(first));
  CHECK(exploration.tried == 4);
  REQUIRE(exploration.findings.size() == 2);
  CHECK(exploration.findings[0].times == 2);
  const std::string text = as_text(exploration);
  CHECK(text.find("FAILS, where it could have gone on: 2") != std::string::npos);
  CHECK(text.find("at splice 1 of a and 1 more: exit status 1\n") != std::string::npos);
  CHECK(text.find("    anysplice run --inject splice:byte@1 -- true\n") != std::string::npos);
  CHECK(text.find("(not every time)") != std::string::npos);
  CHECK(text.find("HANGS") < text.find("FAILS"));
}

TEST_CASE("words for a shell", "[explore]") {
  CHECK(shell_word("a/b.c-d") == "a/b.c-d");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("splice:short;seed=1") == "'splice:short;seed=1'");
  CHECK(shell_word("it's") == "'it'\\''s'");
}

}  // namespace
}  // namespace anysplice::tools
