#include "tests/fuzz/memory.h"

#include <stdio.h>
#include <sys/mman.h>

#include <algorithm>
#include <stdexcept>

#include "core/memory/lasting_memory.h"

namespace fuzz {
namespace {

constexpr size_t kWord = 8;
char* patterns;
char* buffers;

char* map(size_t size) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory");
  return static_cast<char*>(at);
}

}  // namespace

void make_memory() {
  patterns = map(kPattern);
  // It stays: the engine may refer to it.
  anysplice::lasting_memory::learn(true);
  anysplice::lasting_memory::add(patterns, kPattern);
  for (size_t i = 0; i < kPattern / kWord; ++i) {
    char word[kWord + 1];
    snprintf(word, sizeof word, "%07zx;", i);
    std::copy_n(word, kWord, patterns + i * kWord);
  }
  mprotect(patterns, kPattern, PROT_READ);
  // Private: each process reads into its own.
  void* at = mmap(nullptr, 2 * (kBuffer + kPage), PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory");
  buffers = static_cast<char*>(at);
  for (int side = 0; side < 2; ++side) mprotect(buffer(side) + kBuffer, kPage, PROT_NONE);
}

const char* pattern() { return patterns; }

std::string pattern_at(size_t from, size_t count) {
  std::string text;
  for (size_t i = from / kWord; text.size() < count + kWord; ++i) {
    char word[kWord + 1];
    snprintf(word, sizeof word, "%07zx;", i);
    text += word;
  }
  return text.substr(from % kWord, count);
}

char* buffer(int side) { return buffers + static_cast<size_t>(side) * (kBuffer + kPage); }
char* nowhere() { return buffer(0) + kBuffer; }

std::string difference(std::string_view kernel, std::string_view engine) {
  const size_t most = std::min(kernel.size(), engine.size());
  size_t at = 0;
  while (at < most && kernel[at] == engine[at]) ++at;
  const size_t from = at < 16 ? 0 : at - 16;
  char line[256];
  const auto printable = [=](std::string_view text) {
    std::string out(text.substr(std::min(from, text.size()), 40));
    for (char& c : out) c = c >= ' ' && c <= '~' ? c : '.';
    return out;
  };
  snprintf(
      line, sizeof line, "%zu and %zu bytes, equal up to %zu; from %zu\n  kernel: %s\n  engine: %s",
      kernel.size(), engine.size(), at, from, printable(kernel).c_str(), printable(engine).c_str());
  return line;
}

}  // namespace fuzz
