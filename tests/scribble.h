// A hostile process's means: the memory that it shares with others, and what it writes there.
// Shared by the tests.
//
// Thread-safe; a Scribbler belongs to one thread. Not for signal handlers.
#ifndef ANYSPLICE_TESTS_SCRIBBLE_H_
#define ANYSPLICE_TESTS_SCRIBBLE_H_

#include <stdint.h>
#include <stdio.h>

#include <iterator>
#include <vector>

struct Range {
  char* start;
  size_t size;
};

// Writable memory that this process shares with others, by /proc/self/maps.
inline std::vector<Range> shared_mappings() {
  std::vector<Range> all;
  FILE* const maps = fopen("/proc/self/maps", "r");
  if (maps == nullptr) return all;
  char line[512];
  while (fgets(line, sizeof(line), maps) != nullptr) {
    unsigned long from, to;
    char rights[5];
    if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3) continue;
    if (rights[1] != 'w' || rights[3] != 's') continue;
    all.push_back({reinterpret_cast<char*>(from), to - from});
  }
  fclose(maps);
  return all;
}

class Scribbler {
 public:
  explicit Scribbler(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15) {}

  // Once over all of it: everywhere something else, the same everywhere, or here and there.
  void write_over(const std::vector<Range>& ranges) {
    for (const Range& range : ranges) {
      const size_t words = range.size / sizeof(uint64_t);
      const auto at = reinterpret_cast<volatile uint64_t*>(range.start);
      switch (next() % 3) {
        case 0:
          for (size_t i = 0; i < words; ++i) at[i] = bad_value();
          break;
        case 1:
          for (uint64_t i = 0, value = bad_value(); i < words; ++i) at[i] = value;
          break;
        default:
          for (int i = 0; i < 64; ++i) at[next() % words] = bad_value();
      }
    }
  }

 private:
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

  // Values that are wrong in ways of their own: indexes just beyond, signs, locks taken for good.
  uint64_t bad_value() {
    static constexpr uint64_t kBad[] = {
        0,           1,          ~uint64_t{0},      0x8000000080000000, 0x7fffffff7fffffff,
        0x100000001, 0xffffffff, 0x4141414141414141};
    const uint64_t random = next();
    return random % 3 == 0 ? random : kBad[random / 3 % std::size(kBad)];
  }

  uint64_t state_;
};

#endif  // ANYSPLICE_TESTS_SCRIBBLE_H_
