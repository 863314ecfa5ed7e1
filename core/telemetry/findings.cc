#include "core/telemetry/findings.h"

#include <string.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/sys/memory.h"
#include "core/sys/shared_file.h"
#include "core/sys/sys.h"

namespace anysplice::reuse {
namespace {

constinit std::atomic<Findings*> all{nullptr};
constinit std::atomic<bool> shared{false};

uint64_t mix(uint64_t into, uint64_t value) {
  into = (into ^ value) * 0x9e3779b97f4a7c15;
  return into ^ (into >> 29);
}

uint64_t key_of(const Kind& kind) {
  uint64_t key = mix(mix(1, static_cast<uint64_t>(kind.what)), static_cast<uint64_t>(kind.way));
  for (uint32_t i = 0; i < kind.frames; ++i) {
    key = mix(mix(key, kind.frame[i].object), kind.frame[i].offset);
  }
  return key | 1;
}

// The place of that key, new or old; null if all are taken.
template <typename Place, size_t N>
Place* place_of(Place (&places)[N], uint64_t key, bool* fresh) {
  for (size_t i = 0; i < N; ++i) {
    Place& place = places[(key + i) % N];
    uint64_t found = 0;
    *fresh = place.key.compare_exchange_strong(found, key);
    if (*fresh || found == key) return &place;
  }
  return nullptr;
}

}  // namespace

Findings& findings() { return *all.load(std::memory_order_acquire); }
bool findings_shared() { return shared.load(std::memory_order_acquire); }

bool prepare_findings() {
  if (all.load(std::memory_order_relaxed) != nullptr) return true;
  void* const own = map_memory(sizeof(Findings), Sharing::kPrivate);
  all.store(static_cast<Findings*>(own), std::memory_order_release);
  return own != nullptr;
}

bool share_findings(const char* path) {
  const KeepErrno keep;
  auto* const memory = static_cast<Findings*>(map_shared_file(path, sizeof(Findings), Use::kWrite));
  if (memory == nullptr) return false;
  if (memory->magic.load() != Findings::kMagic) {
    sys->munmap(memory, sizeof(Findings));
    return false;
  }
  all.store(memory, std::memory_order_release);
  shared.store(true, std::memory_order_release);
  return true;
}

uint32_t object_number(const char* path) {
  uint64_t key = 0;
  for (const char* at = path; *at != '\0'; ++at) key = mix(key, static_cast<uint8_t>(*at));
  bool fresh;
  Findings::Object* const object = place_of(findings().object, key | 1, &fresh);
  if (object == nullptr) return kNoObject;
  if (fresh) {
    strncpy(object->path, path, sizeof(object->path) - 1);
    object->complete.store(1, std::memory_order_release);
  }
  return static_cast<uint32_t>(object - findings().object);
}

Finding* add(const Kind& kind, int32_t process, uint64_t call, uint64_t bytes) {
  bool fresh;
  Finding* const finding = place_of(findings().finding, key_of(kind), &fresh);
  if (finding == nullptr) {
    findings().lost.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  // One call may be found several times, page by page.
  const uint64_t who = mix(mix(1, static_cast<uint64_t>(process)), call) | 1;
  if (finding->last_call.exchange(who) != who) finding->times.fetch_add(1);
  finding->bytes.fetch_add(bytes);
  if (!fresh) return nullptr;
  finding->what = kind.what;
  finding->way = kind.way;
  finding->process = process;
  finding->call = call;
  finding->frames = kind.frames;
  std::copy_n(kind.frame, kind.frames, finding->frame);
  return finding;
}

void complete(Finding& finding) { finding.complete.store(1, std::memory_order_release); }

}  // namespace anysplice::reuse
