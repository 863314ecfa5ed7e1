// Where the lines of a trace go: directly into the user's file if it is a regular one; otherwise
// into a temporary file, which is passed on to stderr, a terminal or a pipe as it grows. So a
// process that writes a line never waits for the reader.
#ifndef ANYSPLICE_TOOLS_TRACE_OUTPUT_H_
#define ANYSPLICE_TOOLS_TRACE_OUTPUT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace anysplice::tools {

class TraceOutput {
 public:
  // Empty: stderr. A regular file is emptied first.
  static absl::StatusOr<std::unique_ptr<TraceOutput>> open(const std::string& file);
  ~TraceOutput();
  TraceOutput(const TraceOutput&) = delete;
  TraceOutput& operator=(const TraceOutput&) = delete;

  // The file that the lines are to be appended to; absolute.
  const std::string& path() const { return path_; }

  // Passes on what has come since the last time. False if nobody takes it.
  bool pass_on();

 private:
  TraceOutput() = default;

  std::string path_;
  int file_ = -1;    // the temporary one
  int output_ = -1;  // where its lines go; -1: nowhere, path_ is the user's file
  int64_t passed_ = 0;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_TRACE_OUTPUT_H_
