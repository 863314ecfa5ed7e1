// libanysplice-log.so: makes the lines of the trace and hands them to spdlog, whose sink gives them
// back to the library to be written. Loaded only where a trace is wanted.
//
// Called with signals blocked, never twice in a thread at once, but from any thread, in forked
// children, and in handlers that interrupted an allocation. So once it is open nothing here
// allocates or takes a lock: no local time, no thread names, lines in memory of fixed size.
#include <sched.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <utility>

#include "shim/log/line.h"
#include "shim/log/options.h"

namespace anysplice::log {
namespace {

using Clock = spdlog::log_clock;

Clock::time_point moment(const timespec& time) {
  return Clock::time_point(std::chrono::duration_cast<Clock::duration>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

timespec now() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time;
}

// The pattern's %r: seconds since the trace began.
class SinceBeginning final : public spdlog::custom_flag_formatter {
 public:
  explicit SinceBeginning(int64_t since) : since_(since) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& to) override {
    const auto at =
        std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
    const int64_t passed = std::max<int64_t>(at.count() - since_, 0) / 1000;
    char memory[32];
    Text text(memory, sizeof(memory));
    text.number(passed / 1000000)
        .add('.')
        .unsigned_number(static_cast<uint64_t>(passed % 1000000), 10, 6);
    to.append(memory, memory + text.view().size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<SinceBeginning>(since_);
  }

 private:
  int64_t since_;
};

// What stands in front of each line; spdlog's patterns. A trace of one process needs no number.
std::string pattern_of(const Options& options) {
  if (options.json) return "";
  std::string pattern = options.only == 0 ? "%P " : "";
  if (options.epoch) pattern += "%E.%f ";
  if (options.relative) pattern += "%r ";
  return pattern;
}

class HostSink final : public spdlog::sinks::sink {
 public:
  HostSink(const TraceHost& host, const Options& options) : host_(host) {
    spdlog::pattern_formatter::custom_flags flags;
    flags['r'] = std::make_unique<SinceBeginning>(options.since);
    prefix_ = std::make_unique<spdlog::pattern_formatter>(
        pattern_of(options), spdlog::pattern_time_type::utc, "", std::move(flags));
  }

  // One write, so that the lines of processes do not mix.
  void log(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t prefix;
    prefix_->format(message, prefix);
    char newline = '\n';
    const iovec parts[] = {{prefix.data(), prefix.size()},
                           {const_cast<char*>(message.payload.data()), message.payload.size()},
                           {&newline, 1}};
    host_.write(parts, 3);
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    prefix_ = std::move(formatter);
  }

 private:
  const TraceHost& host_;
  std::unique_ptr<spdlog::formatter> prefix_;
};

// Where a line is made: too much for the small stacks on which handlers may run.
struct Workspace {
  std::atomic<int> taken;
  End source;
  End sink;
  char line[kMostOfLine];
};
Workspace workspaces[16];

class Borrowed {
 public:
  Borrowed() {
    for (int tries = 0; tries < kTries; ++tries) {
      for (Workspace& workspace : workspaces) {
        if (workspace.taken.exchange(1, std::memory_order_acquire)) continue;
        workspace_ = &workspace;
        return;
      }
      sched_yield();
    }
  }
  ~Borrowed() {
    if (workspace_ != nullptr) workspace_->taken.store(0, std::memory_order_release);
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  Workspace* get() const { return workspace_; }

 private:
  // A fork while another thread was here leaves its workspace taken in the child.
  static constexpr int kTries = 1000;
  Workspace* workspace_ = nullptr;
};

struct Log {
  const TraceHost* host;
  Options options;
  std::unique_ptr<spdlog::logger> logger;
};
// Never destroyed: threads may still make calls while the process ends.
Log* opened;

template <typename Make>
void write_line(const timespec& time, Make make) {
  const Borrowed borrowed;
  Workspace* const workspace = borrowed.get();
  if (workspace == nullptr) return opened->host->fail();
  const pid_t pid = getpid();
  if (opened->options.only != 0 && opened->options.only != pid) return;
  Text text(workspace->line, sizeof(workspace->line));
  make(*workspace, pid, &text);
  const std::string_view line = text.view();
  opened->logger->log(moment(time), spdlog::source_loc{}, spdlog::level::info,
                      spdlog::string_view_t(line.data(), line.size()));
}

void call(const TracedCall* call) {
  write_line(call->start, [&](Workspace& workspace, pid_t pid, Text* text) {
    workspace.source.look(call->fd[0]);
    workspace.sink.look(call->fd[1]);
    if (opened->options.json) {
      call_json(*call, workspace.source, workspace.sink, pid, text);
    } else {
      call_line(*call, workspace.source, workspace.sink, text);
    }
  });
}

void settled(int fd, const char* why, size_t bytes) {
  const timespec time = now();
  write_line(time, [&](Workspace& workspace, pid_t pid, Text* text) {
    workspace.source.look(fd);
    if (opened->options.json) {
      settled_json({pid, time}, workspace.source, why, bytes, text);
    } else {
      settled_line(workspace.source, why, bytes, text);
    }
  });
}

void missed(uint64_t events) {
  const timespec time = now();
  write_line(time, [&](Workspace&, pid_t pid, Text* text) {
    if (opened->options.json) {
      missed_json({pid, time}, events, text);
    } else {
      missed_line(events, text);
    }
  });
}

constexpr TraceSink kSink = {.call = call, .settled = settled, .missed = missed};

}  // namespace
}  // namespace anysplice::log

extern "C" __attribute__((visibility("default"))) const anysplice::TraceSink* anysplice_open_trace(
    unsigned version, const anysplice::TraceHost* host, const char* options) {
  using namespace anysplice::log;
  if (version != anysplice::kTraceVersion) return nullptr;
  auto log = std::make_unique<Log>();
  log->host = host;
  log->options = parse_options(options);
  log->logger = std::make_unique<spdlog::logger>("anysplice",
                                                 std::make_shared<HostSink>(*host, log->options));
  log->logger->set_error_handler([](const std::string&) { opened->host->fail(); });
  opened = log.release();
  return &kSink;
}
