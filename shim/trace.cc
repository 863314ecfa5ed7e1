#include "shim/trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/base/text.h"
#include "core/calls/observation.h"
#include "core/sys/say.h"
#include "core/telemetry/trace.h"
#include "shim/trace_file.h"

namespace anysplice::shim {
namespace {

void write(const iovec* parts, int count) {
  if (!trace_file::write(parts, count)) trace_failed();
}

// The listener's object, as it is installed, and as it is built: beside this one. Objects for glibc
// and for musl may be in one folder.
#ifdef __GLIBC__
constexpr const char* kPlaces[] = {"anysplice/libanysplice-log.so", "libanysplice-log.so"};
#else
constexpr const char* kPlaces[] = {"anysplice/libanysplice-log-musl.so", "libanysplice-log-musl.so",
                                   "anysplice/libanysplice-log.so", "libanysplice-log.so"};
#endif

constexpr TraceHost kHost = {.write = write, .fail = trace_failed};

bool wanted;
ANYSPLICE_SELDOM char given[256];

// In this place below the folder that ours is in. Null if it is not there, or cannot be loaded.
void* load_from(const char* library, const char* place) {
  char path[PATH_MAX] = "";
  append_text(path, library);
  char* const slash = strrchr(path, '/');
  if (slash == nullptr || strlen(path) + strlen(place) + 2 > sizeof(path)) return nullptr;
  slash[1] = '\0';
  append_text(path, place);
  return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

const TraceSink* load() {
  Dl_info us;
  void* object = nullptr;
  if (dladdr(&kHost, &us) != 0 && us.dli_fname != nullptr) {
    for (const char* const place : kPlaces) {
      if (object == nullptr) object = load_from(us.dli_fname, place);
    }
  }
  if (object == nullptr) {
    say("there is no trace: cannot load libanysplice-log.so from the folder of this library");
    return nullptr;
  }
  const auto open = reinterpret_cast<OpenTrace*>(dlsym(object, ANYSPLICE_OPEN_TRACE));
  const TraceSink* const sink = open != nullptr ? open(kTraceVersion, &kHost, given) : nullptr;
  if (sink == nullptr) say("there is no trace: libanysplice-log.so has another version");
  return sink;
}

}  // namespace

bool prepare_trace(const char* path, const char* options) {
  if (!trace_file::open(path)) return false;
  append_text(given, options != nullptr ? options : "");
  wanted = true;
  trace_to(nullptr);
  observers.fetch_or(kTracing, std::memory_order_relaxed);
  return true;
}

ANYSPLICE_AT_START void start_trace() {
  if (!wanted) return;
  const KeepErrno keep;
  const TraceSink* const sink = load();
  if (sink != nullptr) {
    trace_to(sink);
  } else {
    observers.fetch_and(~static_cast<unsigned>(kTracing), std::memory_order_relaxed);
  }
}

}  // namespace anysplice::shim
