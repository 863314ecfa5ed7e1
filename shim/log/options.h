// ANYSPLICE_TRACE_OPTIONS: words separated by commas.
//
// A function of its argument: thread-safe, allocates nothing.
#ifndef ANYSPLICE_SHIM_LOG_OPTIONS_H_
#define ANYSPLICE_SHIM_LOG_OPTIONS_H_

#include <stdint.h>
#include <sys/types.h>

#include <string_view>

namespace anysplice::log {

struct Options {
  bool json = false;      // json
  pid_t only = 0;         // only=PID: no other process
  bool epoch = false;     // epoch: when each call began, in seconds since 1970
  bool relative = false;  // since=NS: the same since that moment, nanoseconds since 1970
  int64_t since = 0;
};

// Words that are not known are passed over.
Options parse_options(std::string_view text);

}  // namespace anysplice::log

#endif  // ANYSPLICE_SHIM_LOG_OPTIONS_H_
