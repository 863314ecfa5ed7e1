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
#if defined(__ELF__) && defined(__GLIBC__)
#include "core/sys/program.h"
#include "shim/next_objects.h"
#endif

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

#if defined(__ELF__) && defined(__GLIBC__)
// Before glibc 2.34 dlopen, dlsym and dladdr are in libdl, which a program may lack. libc has the
// first two under other names.
void* open_object(const char* path) {
  void* const object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const auto open =
      reinterpret_cast<void* (*)(const char*, unsigned)>(next_objects::find("__libc_dlopen_mode"));
  constexpr unsigned kByDlopen = 0x80000000;  // what dlopen adds
  return object != nullptr || open == nullptr ? object : open(path, RTLD_NOW | kByDlopen);
}

void* find_function(void* object, const char* name) {
  void* const function = dlsym(object, name);
  const auto find =
      reinterpret_cast<void* (*)(void*, const char*)>(next_objects::find("__libc_dlsym"));
  return function != nullptr || find == nullptr ? function : find(object, name);
}

int note_ours(dl_phdr_info* info, size_t, void* file) {
  if (!holds(*info, &kHost)) return 0;
  *static_cast<const char**>(file) = info->dlpi_name;
  return 1;
}

// The file that we are in. (The program itself has no name there.)
const char* own_file() {
  const char* file = "";
  dl_iterate_phdr(note_ours, &file);
  return *file != '\0' ? file : program_name();
}
#else
void* open_object(const char* path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }

void* find_function(void* object, const char* name) { return dlsym(object, name); }

const char* own_file() {
  Dl_info us;
  return dladdr(&kHost, &us) != 0 && us.dli_fname != nullptr ? us.dli_fname : "";
}
#endif

// In this place below the folder that ours is in. Null if it is not there, or cannot be loaded.
void* load_from(const char* library, const char* place) {
  char path[PATH_MAX] = "";
  append_text(path, library);
  char* const slash = strrchr(path, '/');
  if (slash == nullptr || strlen(path) + strlen(place) + 2 > sizeof(path)) return nullptr;
  slash[1] = '\0';
  append_text(path, place);
  return open_object(path);
}

const TraceSink* load() {
  const char* const library = own_file();
  void* object = nullptr;
  for (const char* const place : kPlaces) {
    if (object == nullptr) object = load_from(library, place);
  }
  if (object == nullptr) {
    say("there is no trace: cannot load libanysplice-log.so from the folder of this library");
    return nullptr;
  }
  const auto open = reinterpret_cast<OpenTrace*>(find_function(object, ANYSPLICE_OPEN_TRACE));
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
