#include "tools/supervisor/trace.h"

#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "core/api/for_others.h"
#include "core/sys/say.h"
#include "core/telemetry/trace.h"
#include "shim/log/end.h"
#include "shim/log/line.h"
#include "shim/log/options.h"
#include "shim/trace_file.h"

namespace anysplice::tools {
namespace {

log::Options options;
pid_t only;  // 0: of all processes
thread_local const TracedFor* current;

// What stands in front of a line for people.
void add_prefix(const timespec& time, log::Text* out) {
  constexpr int64_t kSecond = 1'000'000'000;
  const auto add_time = [out](int64_t nanoseconds) {
    out->number(nanoseconds / kSecond).add('.');
    out->unsigned_number(static_cast<uint64_t>(nanoseconds % kSecond / 1000), 10, 6).add(' ');
  };
  const int64_t at = time.tv_sec * kSecond + time.tv_nsec;
  if (only == 0) out->number(current->process).add(' ');
  if (options.epoch) add_time(at);
  if (options.relative) add_time(std::max<int64_t>(at - options.since, 0));
}

template <typename Make>
void write_line(const timespec& time, Make make) {
  if (current == nullptr || (only != 0 && current->process != only)) return;
  char memory[log::kMostOfLine];
  log::Text text(memory, sizeof(memory));
  if (!options.json) add_prefix(time, &text);
  make(&text);
  char newline = '\n';
  const iovec parts[] = {{memory, text.view().size()}, {&newline, 1}};
  if (!shim::trace_file::write(parts, 2)) trace_failed();
}

timespec now() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

// What our descriptor is, by the program's number.
void look(int ours, int theirs, log::End* end) {
  end->look(ours);
  end->fd = theirs;
}

void call(const TracedCall* seen) {
  write_line(seen->start, [seen](log::Text* out) {
    TracedCall call = *seen;
    log::End ends[2];
    for (int i = 0; i < 2; ++i) {
      look(seen->fd[i], current->fd[i], &ends[i]);
      call.fd[i] = current->fd[i];
      call.at[i] = current->at[i];
    }
    if (current->length > 0) {  // it was given copies of its own
      call.length = current->length;
      const size_t size = std::min(call.length, TracedCall::kSegments) * sizeof(iovec);
      call.known[0] =
          current->target.read(reinterpret_cast<uint64_t>(call.at[0]), call.segments, size);
    }
    if (options.json) {
      log::call_json(call, ends[0], ends[1], current->process, out);
    } else {
      log::call_line(call, ends[0], ends[1], out);
    }
  });
}

// Only of a source bytes are put back.
void settled(int fd, const char* why, size_t bytes) {
  const timespec time = now();
  write_line(time, [&](log::Text* out) {
    log::End pipe;
    look(fd, current->fd[0], &pipe);
    if (options.json) {
      log::settled_json({current->process, time}, pipe, why, bytes, out);
    } else {
      log::settled_line(pipe, why, bytes, out);
    }
  });
}

void missed(uint64_t events) {
  const timespec time = now();
  write_line(time, [&](log::Text* out) {
    if (options.json) {
      log::missed_json({current->process, time}, events, out);
    } else {
      log::missed_line(events, out);
    }
  });
}

constexpr TraceSink kSink = {.call = call, .settled = settled, .missed = missed};

const void* pointer(unsigned long long argument) { return reinterpret_cast<const void*>(argument); }

}  // namespace

bool start_trace(pid_t program) {
  const char* const path = getenv("ANYSPLICE_TRACE");
  if (path == nullptr) return false;
  const char* const words = getenv("ANYSPLICE_TRACE_OPTIONS");
  options = log::parse_options(words != nullptr ? words : "");
  only = options.only == getpid() ? program : options.only;
  if (!shim::trace_file::open(path)) {
    say("there is no trace: ", path, " is no file that can be written to");
    return false;
  }
  trace_for_others(&kSink);
  return true;
}

TracedFor::TracedFor(const Target& caller, pid_t of, Call call, const unsigned long long* arguments)
    : target(caller), process(of) {
  const auto number = [arguments](int i) { return static_cast<int>(arguments[i]); };
  fd[0] = number(call == Call::kSendfile ? 1 : 0);
  const bool two_offsets = call == Call::kSplice || call == Call::kCopyFileRange;
  fd[1] = number(two_offsets ? 2 : call == Call::kTee ? 1 : 0);
  at[0] = call == Call::kTee ? nullptr : pointer(arguments[call == Call::kSendfile ? 2 : 1]);
  at[1] = two_offsets ? pointer(arguments[3]) : nullptr;
  if (call == Call::kVmsplice) length = arguments[2];
  current = this;
}

TracedFor::~TracedFor() { current = nullptr; }

}  // namespace anysplice::tools
