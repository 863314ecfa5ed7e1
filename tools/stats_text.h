// The counters as text.
#ifndef ANYSPLICE_TOOLS_STATS_TEXT_H_
#define ANYSPLICE_TOOLS_STATS_TEXT_H_

#include <string>

#include "core/telemetry/counters.h"

namespace anysplice::tools {

// One "key value" line per counter: "splice.engine_bytes 65536". There are lines only for what
// happened; for a call that was made also those that say by whom it was not.
std::string stats_as_lines(const Stats& stats);

// The same and the counts of each process, as one JSON object on lines of its own.
std::string stats_as_json(const Stats& stats);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_STATS_TEXT_H_
