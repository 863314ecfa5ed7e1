// What the check for memory that is used again too early has found (ANYSPLICE_CHECK=reuse): one
// block, by default in private memory. With ANYSPLICE_FINDINGS it is a file that the command made,
// shared by all processes of a run.
//
// Thread-safe, async-signal-safe, shared between processes. Findings with the same stack, of the
// same kind, are one.
#ifndef ANYSPLICE_CORE_TELEMETRY_FINDINGS_H_
#define ANYSPLICE_CORE_TELEMETRY_FINDINGS_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace anysplice::reuse {

// What became of the memory between the call and the moment its bytes left the pipe.
enum class What : uint8_t {
  kChanged,
  kGone,  // unmapped, discarded, or given back to the system
};

// How the bytes left, or, of memory that was unmapped by a call that was seen, that they had not.
enum class Way : uint8_t { kRead, kFile, kSocket, kDevice, kNull, kPipe, kTee, kSettled, kWaiting };
inline constexpr size_t kWays = 9;

inline constexpr size_t kMostFrames = 16;

// A return address: the object it lies in, and where in it, as its own headers count.
struct Frame {
  uint64_t offset;
  uint32_t object;  // kNoObject: nobody knows, and the offset is the address
};

struct Finding {
  std::atomic<uint64_t> key;  // 0: free
  std::atomic<uint64_t> last_call;
  std::atomic<uint64_t> times;  // calls
  std::atomic<uint64_t> bytes;  // of all of them
  std::atomic<uint32_t> complete;
  // Of the first of them.
  int32_t process;
  uint64_t call;   // its number among the vmsplices into pipes of its process, from 1
  uint64_t start;  // of its memory
  uint64_t length;
  uint64_t address;  // of the first byte
  uint64_t at;       // the first byte, counted from the call's first
  int32_t fd;
  uint32_t program;  // an object
  uint32_t frames;
  What what;
  Way way;
  uint8_t was;  // that byte at the call
  uint8_t is;   // and when it left, if it was changed
  Frame frame[kMostFrames];
};

struct Findings {
  static constexpr uint64_t kMagic = 0x66736e79616e0002;  // low byte: version
  static constexpr size_t kObjects = 256;
  static constexpr size_t kFindings = 512;

  struct Object {
    std::atomic<uint64_t> key;  // 0: free
    std::atomic<uint32_t> complete;
    char path[512];
  };

  std::atomic<uint64_t> magic;
  std::atomic<uint64_t> calls;     // vmsplices into pipes
  std::atomic<uint64_t> bytes;     // that they moved
  std::atomic<uint64_t> followed;  // of those: into rings
  std::atomic<uint64_t> settled;   // of those: until the pipe was settled, and no further
  std::atomic<uint64_t> lost;      // findings for which there was no room
  Object object[kObjects];
  Finding finding[kFindings];
};

inline constexpr uint32_t kNoObject = Findings::kObjects;

// Before anything is found, one of these: share_findings() is false, and changes nothing, if the
// file is not one made for this; then they are private. prepare_findings() is false without memory.
bool share_findings(const char* path);
bool prepare_findings();
Findings& findings();
bool findings_shared();

// The object of that path; kNoObject if there is no room for it.
uint32_t object_number(const char* path);

// The finding of such a kind and stack to be filled in, or null if it is there already, or there is
// no room. To be followed by complete() or, if it was there, by nothing.
struct Kind {
  What what;
  Way way;
  const Frame* frame;
  uint32_t frames;
};
Finding* add(const Kind& kind, int32_t process, uint64_t call, uint64_t bytes);
void complete(Finding& finding);

}  // namespace anysplice::reuse

#endif  // ANYSPLICE_CORE_TELEMETRY_FINDINGS_H_
