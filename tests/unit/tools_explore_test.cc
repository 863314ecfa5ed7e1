#include <errno.h>
#include <signal.h>
#include <string.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/inject/spec.h"
#include "tests/catch.h"
#include "tools/explore/around.h"
#include "tools/explore/failures.h"
#include "tools/explore/markup.h"
#include "tools/explore/report.h"
#include "tools/explore/shrink.h"
#include "tools/explore/trial.h"
#include "tools/explore/trial_text.h"

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
  const std::vector<const Entry*>& list() const { return list_; }

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

Trial ended(int wait_status, bool differs = false) {
  Trial trial;
  trial.wait_status = wait_status;
  trial.differs = differs;
  trial.reached = true;
  return trial;
}

TEST_CASE("verdicts", "[explore]") {
  const Trial clean = ended(0);
  const int failed = 1 << 8;
  CHECK(judge(clean, ended(0), Duty::kRecover) == Verdict::kSurvived);
  CHECK(judge(clean, ended(0, true), Duty::kRecover) == Verdict::kWrongOutput);
  CHECK(judge(clean, ended(0, true), Duty::kNotice) == Verdict::kWrongOutput);
  CHECK(judge(clean, ended(failed), Duty::kRecover) == Verdict::kWrongStatus);
  CHECK(judge(clean, ended(failed, true), Duty::kNotice) == Verdict::kSurvived);
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
  exploration.calls = exploration.processes = 1;
  CHECK(as_text(exploration).find("makes 1 call in 1 process;") != std::string::npos);
  CHECK(text.find("HANGS") < text.find("FAILS"));
}

TEST_CASE("who hangs for want of an edge of epoll is told of it", "[explore]") {
  Trial hung = ended(SIGKILL);
  hung.timed_out = true;
  for (const char* what : {"EAGAIN", "EINTR"}) {
    Exploration exploration;
    exploration.add({"splice:x@1", what, "splice 1 of a", "splice tcp->pipe", Duty::kRecover}, hung,
                    Verdict::kHung, true);
    const bool doubtful = std::string(what) == "EAGAIN";
    CHECK((as_text(exploration).find("edge-triggered") != std::string::npos) == doubtful);
    CHECK((as_json(exploration).find("edge-triggered") != std::string::npos) == doubtful);
  }
}

TEST_CASE("the fewest faults", "[explore]") {
  const std::vector<std::string> all = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
  size_t runs = 0;
  const auto both = [&](const std::vector<std::string>& faults) -> absl::StatusOr<bool> {
    ++runs;
    return has(faults, "b") && has(faults, "h");
  };
  CHECK(*fewest_faults(all, both) == std::vector<std::string>{"b", "h"});
  CHECK(runs < 40);
  const auto never = [](const std::vector<std::string>&) -> absl::StatusOr<bool> { return false; };
  CHECK(*fewest_faults(all, never) == all);
  size_t left = 1;
  const auto once = [&](const std::vector<std::string>&) -> absl::StatusOr<bool> {
    if (left-- == 0) return absl::ResourceExhaustedError("enough");
    return true;
  };
  CHECK(fewest_faults(all, once)->size() == 4);
  const auto broken = [](const std::vector<std::string>&) -> absl::StatusOr<bool> {
    return absl::InternalError("no");
  };
  CHECK_FALSE(fewest_faults(all, broken).ok());
}

TEST_CASE("faults as a specification", "[explore]") {
  CHECK(spec_of_faults({"pv/1 2 splice 3 limit=17", "pv 0 tee 1 errno=EINVAL"}) ==
        "splice:limit=17@3@thread=2@process=pv/1;tee:errno=EINVAL@1@thread=0@process=pv");
  // The number of a start is known only where there is a journal.
  CHECK(spec_of_faults({"pv#2 0 splice 3 limit=17"}).empty());
  CHECK(spec_of_faults({"pv 0 splice 3 zero"}).empty());
  const std::vector<std::string> many(inject::kMaxRules + 1, "pv 0 splice 3 limit=17");
  CHECK(spec_of_faults(many).empty());
}

TEST_CASE("the calls around a fault", "[explore]") {
  Journal journal;
  for (uint64_t i = 1; i <= 30; ++i) {
    journal.add("a", 0, Call::kSplice, i, inject::kFile, inject::kPipe, 5);
  }
  Entry& fault = journal.add("b", 1, Call::kSplice, 1, inject::kPipe, inject::kFile, -EINTR);
  fault.decision.error = EINTR;
  journal.add("b", 1, Call::kSplice, 2, inject::kPipe, inject::kFile, Entry::kUnfinished);
  CHECK(calls_around_fault(journal.list()) ==
        std::vector<std::string>{"splice 1: pipe->file, 65536 = -1 EINTR   <- errno=EINTR",
                                 "splice 2: pipe->file, 65536 = ? (it did not return)"});
  CHECK(calls_around_fault({}).empty());
}

TEST_CASE("trials and tasks as lines", "[explore]") {
  Trial trial = ended(SIGSEGV, true);
  trial.complaint = "no \xff UTF-8,\nin \"two\" lines";
  trial.faults = {"a 0 splice 1 limit=1"};
  const std::string line = as_line(trial);
  CHECK(line.find('\n') == std::string::npos);
  const std::optional<Trial> again = trial_of(line);
  REQUIRE(again);
  CHECK(again->wait_status == SIGSEGV);
  CHECK(again->differs);
  CHECK(again->faults == trial.faults);
  CHECK_FALSE(trial_of(line.substr(0, line.size() - 1)));
  CHECK_FALSE(trial_of("{}"));
  CHECK_FALSE(trial_of("[]"));
  const std::optional<Task> task = task_of(as_line(Task{"splice:byte", "", true, Seconds(2)}));
  REQUIRE(task);
  CHECK(task->spec == "splice:byte");
  CHECK(task->record);
  CHECK_FALSE(task_of(line));
}

TEST_CASE("text in XML", "[explore]") {
  CHECK(escaped("a<b>&\"c\"") == "a&lt;b&gt;&amp;&quot;c&quot;");
  CHECK(escaped("\x01\x1b \t\n") == "?? \t\n");
  CHECK(escaped("\xc3\xbc \xff \xc3") == "\xc3\xbc ? ?");
  CHECK(escaped("\xed\xa0\x80\xc0\x80\xef\xbf\xbf") == "????????");
  CHECK(escaped("\xf0\x9f\x98\x80") == "\xf0\x9f\x98\x80");
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
