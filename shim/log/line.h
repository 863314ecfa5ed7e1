// The lines of the trace. Pure functions. Async-signal-safe.
#ifndef ANYSPLICE_SHIM_LOG_LINE_H_
#define ANYSPLICE_SHIM_LOG_LINE_H_

#include "core/telemetry/trace.h"
#include "shim/log/end.h"
#include "shim/log/text.h"

namespace anysplice::log {

// splice(3<file:/path>, [0], 5<pipe>, NULL, 65536, SPLICE_F_MOVE) = 65536 <ring, 12.3 us>
void call_line(const TracedCall& call, const End& source, const End& sink, Text* out);
// pipe 5 settled: poll, 4096 bytes
void settled_line(const End& pipe, const char* why, size_t bytes, Text* out);
// 3 calls or settled pipes are missing here
void missed_line(uint64_t events, Text* out);

// No line is longer: two names of which each byte becomes six, and the rest.
inline constexpr size_t kMostOfLine = size_t{2} * 6 * End::kNameSize + 2048;

// Who and when, in front of what the JSON lines have besides.
struct Stamp {
  pid_t pid;
  timespec time;
};
void call_json(const TracedCall& call, const End& source, const End& sink, pid_t pid, Text* out);
void settled_json(const Stamp& stamp, const End& pipe, const char* why, size_t bytes, Text* out);
void missed_json(const Stamp& stamp, uint64_t events, Text* out);

}  // namespace anysplice::log

#endif  // ANYSPLICE_SHIM_LOG_LINE_H_
