#include "tools/injection.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/inject/spec.h"
#include "tools/launch.h"
#include "tools/status.h"

namespace anysplice::tools {

absl::Status add_spec(absl::string_view option, absl::string_view text, InjectOptions* options) {
  const std::string spec(text);
  // Parsed as the library will see it, so that all of it together is not too much either.
  const std::string before = options->spec.empty() ? "" : absl::StrCat(options->spec, ";");
  const auto plan = std::make_unique<inject::Plan>();
  inject::SpecError error;
  inject::SpecReport report;
  if (!before.empty() && !inject::parse_spec(before.c_str(), plan.get(), &error)) {
    return absl::InternalError(error.message);
  }
  if (!inject::parse_spec(spec.c_str(), plan.get(), &error)) {
    inject::describe(std::string(option).c_str(), spec.c_str(), error, report);
    return absl::InvalidArgumentError(report);
  }
  options->spec = before + spec;
  return absl::OkStatus();
}

bool shapes_pipes(const InjectOptions& options) {
  const auto plan = std::make_unique<inject::Plan>();
  inject::SpecError error;
  if (options.spec.empty() || !inject::parse_spec(options.spec.c_str(), plan.get(), &error)) {
    return false;
  }
  return plan->pipe_capacity != 0 ||
         (plan->pipe_fixed && absl::StrContains(options.spec, "pipes:fixed"));
}

absl::StatusOr<std::unique_ptr<JournaledRun>> JournaledRun::prepare(const InjectOptions& options) {
  auto run = std::unique_ptr<JournaledRun>(new JournaledRun);
  const char* inherited = getenv("ANYSPLICE_INJECT");
  run->spec_ = options.spec.empty() && inherited != nullptr ? inherited : options.spec;
  if (run->spec_.empty() && options.replay_file.empty()) {
    return absl::InvalidArgumentError(
        "--record keeps what is injected; it needs --inject, --as or --replay");
  }
  if (!options.replay_file.empty()) {
    absl::StatusOr<Recording> recording = read_recording(options.replay_file);
    if (!recording.ok()) return recording.status();
    run->replayed_ = *std::move(recording);
    if (options.spec.empty()) run->spec_ = run->replayed_.spec;
    char path[PATH_MAX];
    if (realpath(options.replay_file.c_str(), path) == nullptr) {
      return system_failure(absl::StrCat("cannot read '", options.replay_file, "'"), errno);
    }
    setenv("ANYSPLICE_REPLAY", path, 1);
    if (!run->spec_.empty()) setenv("ANYSPLICE_INJECT", run->spec_.c_str(), 1);
  }
  if (!options.record_file.empty()) {
    const absl::StatusOr<int> output = open_output(options.record_file);
    if (!output.ok()) return output.status();
    run->record_file_ = options.record_file;
    run->record_ = *output;
  }
  absl::StatusOr<std::unique_ptr<JournalFile>> journal = JournalFile::create();
  if (!journal.ok()) return journal.status();
  run->journal_ = *std::move(journal);
  setenv("ANYSPLICE_JOURNAL", run->journal_->path().c_str(), 1);
  return run;
}

JournaledRun::~JournaledRun() {
  if (record_ >= 0) close(record_);
}

absl::Status JournaledRun::finish() {
  const std::vector<std::string> missing = not_reached(replayed_, *journal_);
  if (!missing.empty()) {
    report(absl::AbortedError(
        absl::StrCat("replay: ", missing.size(), " of ", replayed_.decisions.size(),
                     " decisions were not reached; the first is '", missing.front(), "'")));
  }
  if (record_ >= 0 && !write_all(record_, format_recording(*journal_, spec_))) {
    return system_failure(absl::StrCat("cannot write '", record_file_, "'"), errno);
  }
  return absl::OkStatus();
}

}  // namespace anysplice::tools
