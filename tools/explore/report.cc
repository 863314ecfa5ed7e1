#include "tools/explore/report.h"

#include <string.h>
#include <sys/wait.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/counted.h"

namespace anysplice::tools {
namespace {

bool is_of_kind(const Finding& finding, const Failure& failure, const Trial& trial,
                Verdict verdict) {
  return finding.verdict == verdict && finding.failure.kind == failure.kind &&
         finding.failure.what == failure.what && finding.trial.wait_status == trial.wait_status;
}

void add_finding(const Exploration& exploration, const Finding& finding, std::string* out) {
  absl::StrAppend(out, "\n  ", finding.failure.kind, ": ", finding.failure.what, "\n    ",
                  finding.failure.spec.empty() ? "" : "at ", finding.failure.where);
  if (finding.times > 1) absl::StrAppend(out, " and ", finding.times - 1, " more");
  absl::StrAppend(out, ": ", end_of(finding.trial), finding.steady ? "" : " (not every time)",
                  "\n");
  for (const std::string& reused : finding.trial.reused) absl::StrAppend(out, "    ", reused, "\n");
  if (!finding.trial.complaint.empty() && finding.verdict != Verdict::kWrongOutput) {
    absl::StrAppend(out, "    it said: ", finding.trial.complaint.substr(0, 200), "\n");
  }
  if (const std::string doubt = doubt_about(finding); !doubt.empty()) {
    absl::StrAppend(out, "    ", doubt, "\n");
  }
  if (!finding.fewest.empty()) {
    absl::StrAppend(out, "    of ", finding.trial.faults.size(), " faults ", finding.fewest.size(),
                    finding.fewest.size() == 1 ? " is" : " are",
                    " enough: ", absl::StrJoin(finding.fewest, "; "), "\n");
  }
  absl::StrAppend(out, "    ", repeat(exploration, finding), "\n");
}

}  // namespace

const Wrong wrong_verdicts[] = {
    {Verdict::kWrongOutput, "WRONG OUTPUT, although the exit status is 0", "wrong output"},
    {Verdict::kKilled, "KILLED by a signal", "killed"},
    {Verdict::kHung, "HANGS", "hangs"},
    {Verdict::kWrongStatus, "FAILS, where it could have gone on", "fails"},
    {Verdict::kReused, "USES MEMORY AGAIN while it is in a pipe", "reuses memory"},
};

const char* name_of(Verdict verdict) {
  for (const Wrong& wrong : wrong_verdicts) {
    if (wrong.verdict == verdict) return wrong.name;
  }
  return verdict == Verdict::kSurvived ? "survived" : "not reached";
}

size_t count(const Exploration& exploration, Verdict verdict) {
  return exploration.verdicts[static_cast<size_t>(verdict)];
}

std::string repeat(const Exploration& exploration, const std::string& spec) {
  const std::string inject = spec.empty() ? "" : absl::StrCat(" --inject ", shell_word(spec));
  return absl::StrCat(exploration.prefix, inject, " -- ", exploration.command);
}

std::string repeat(const Exploration& exploration, const Finding& finding) {
  return repeat(exploration,
                finding.fewest_spec.empty() ? finding.failure.spec : finding.fewest_spec);
}

std::string sentence(const Finding& finding) {
  std::string text =
      absl::StrCat(finding.failure.kind, ": ", finding.failure.what,
                   finding.failure.spec.empty() ? " " : " at ", finding.failure.where);
  if (finding.times > 1) absl::StrAppend(&text, " and ", finding.times - 1, " more");
  absl::StrAppend(&text, ": ", end_of(finding.trial), finding.steady ? "" : " (not every time)");
  return text;
}

std::string doubt_about(const Finding& finding) {
  if (finding.verdict != Verdict::kHung || finding.failure.what != "EAGAIN") return "";
  return "no fault if it waits by edge-triggered epoll, as Go programs do: there was no edge";
}

bool Exploration::knows(const Failure& failure, const Trial& trial, Verdict verdict) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return is_of_kind(finding, failure, trial, verdict);
  });
}

bool Exploration::hangs_at(const Failure& failure) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.verdict == Verdict::kHung && finding.failure.kind == failure.kind &&
           finding.failure.what == failure.what;
  });
}

void Exploration::add_clean() {
  if (clean.reused.empty()) return;
  ++verdicts[static_cast<size_t>(Verdict::kReused)];
  findings.push_back(
      {{"", "none injected", "in the run without failures", "no failure", Duty::kRecover},
       clean,
       Verdict::kReused});
}

void Exploration::add(const Failure& failure, const Trial& trial, Verdict verdict, bool steady) {
  ++tried;
  ++verdicts[static_cast<size_t>(verdict)];
  outcomes.push_back({failure, verdict, end_of(trial), trial.complaint, trial.took});
  if (verdict == Verdict::kSurvived || verdict == Verdict::kNotReached) return;
  const auto known = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return is_of_kind(finding, failure, trial, verdict);
  });
  if (known != findings.end()) {
    ++known->times;
  } else {
    findings.push_back({failure, trial, verdict, steady});
  }
}

std::string shell_word(absl::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return isalnum(static_cast<unsigned char>(c)) != 0 || strchr("@%_+=:,./-", c) != nullptr;
  });
  if (plain) return std::string(word);
  return absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'");
}

std::string end_of(const Trial& trial) {
  if (trial.timed_out) return absl::StrFormat("still running after %.1f s", trial.took.count());
  if (WIFSIGNALED(trial.wait_status)) {
    const char* name = sigabbrev_np(WTERMSIG(trial.wait_status));
    return absl::StrCat("killed by SIG", name != nullptr ? name : "???");
  }
  return absl::StrCat("exit status ", WEXITSTATUS(trial.wait_status));
}

std::string as_text(const Exploration& exploration) {
  std::string out = absl::StrFormat("%s\n  makes %s in %d process%s; %s in %.2f s\n",
                                    exploration.command, counted(exploration.calls, "call"),
                                    exploration.processes, exploration.processes == 1 ? "" : "es",
                                    end_of(exploration.clean), exploration.clean.took.count());
  absl::StrAppend(&out, "  ", counted(exploration.tried, "failure"), " tried in ",
                  counted(exploration.runs, "run"), ": ", count(exploration, Verdict::kSurvived),
                  " survived");
  if (const size_t n = count(exploration, Verdict::kNotReached); n > 0) {
    absl::StrAppend(&out, ", ", n, " not reached");
  }
  if (exploration.not_tried > 0) {
    absl::StrAppend(&out, "; ", exploration.not_tried, " not tried");
  }
  if (exploration.resumed > 0) {
    absl::StrAppend(&out, "\n  ", exploration.resumed, " of the runs were made before");
  }
  out += "\n";
  for (const Wrong& wrong : wrong_verdicts) {
    if (count(exploration, wrong.verdict) == 0) continue;
    absl::StrAppend(&out, "\n", wrong.title, ": ", count(exploration, wrong.verdict), "\n");
    for (const Finding& finding : exploration.findings) {
      if (finding.verdict == wrong.verdict) add_finding(exploration, finding, &out);
    }
  }
  return out;
}

}  // namespace anysplice::tools
