// Decisions as text: what `--record` writes and `--replay` reads (core/inject/replay.h).
#ifndef ANYSPLICE_TOOLS_DECISIONS_H_
#define ANYSPLICE_TOOLS_DECISIONS_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/inject/journal.h"
#include "tools/shared_file.h"

namespace anysplice::tools {

// The journal of a run: what the processes write into.
class JournalFile {
 public:
  static absl::StatusOr<std::unique_ptr<JournalFile>> create();

  // Empties it. everything: calls to which nothing is done are to be recorded, too.
  void restart(bool everything);

  const std::string& path() const { return file_->path(); }
  // Of all processes, each thread's in the order of its calls; copies, as others may write there
  // what they like. They last until the next call.
  std::vector<const inject::Entry*> entries() const;
  // Calls for which there was no room.
  size_t lost() const;

 private:
  explicit JournalFile(std::unique_ptr<SharedFile> file) : file_(std::move(file)) {}
  inject::Journal& journal() const;

  std::unique_ptr<SharedFile> file_;
  mutable std::deque<inject::Entry> entries_;
};

struct RecordedDecision {
  inject::Site site;
  inject::Decision decision;
};

struct Recording {
  std::string spec;  // of the run that was recorded
  std::vector<RecordedDecision> decisions;
};

// "pv 0 splice 3 limit=17", without an end of line.
std::string format_decision(const inject::Site& site, const inject::Decision& decision);

// The text of a recording, comments and all.
std::string format_recording(const JournalFile& journal, const std::string& spec);

// Reads one; an error names the line.
absl::StatusOr<Recording> read_recording(const std::string& path);

// What was to happen and did not, because the program did not make the call: as lines.
std::vector<std::string> not_reached(const Recording& recording, const JournalFile& journal);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_DECISIONS_H_
