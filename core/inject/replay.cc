#include "core/inject/replay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "core/base/errno_names.h"
#include "core/base/keep_errno.h"
#include "core/base/text.h"
#include "core/inject/generator.h"
#include "core/inject/spec.h"
#include "core/inject/words.h"
#include "core/sys/memory.h"
#include "core/sys/sys.h"

namespace anysplice::inject {
namespace {

constexpr off_t kMaxFile = 64 << 20;

struct Known {
  uint64_t key;
  Decision decision;
};

const Known* table = nullptr;
size_t known = 0;
bool opened = false;

uint64_t key_of(const Site& site) {
  uint64_t key = mix_text(0, site.process);
  key = mix(key, site.thread);
  key = mix(key, static_cast<uint64_t>(site.call));
  return mix(key, site.number);
}

bool read_call(const Word& word, Call* call) {
  for (size_t i = 0; i < kCalls; ++i) {
    if (!word.is(kCallNames[i])) continue;
    *call = static_cast<Call>(i);
    return true;
  }
  return false;
}

bool read_what(const Word& word, Decision* decision) {
  if (word.is("zero")) {
    decision->zero = true;
    return true;
  }
  if (word.starts_with("limit=")) return read_number(word.after(6), &decision->limit);
  if (word.starts_with("delay=")) return read_duration(word.after(6), &decision->delay);
  if (!word.starts_with("errno=")) return false;
  char name[24] = "";
  const Word value = word.after(6);
  if (value.length >= sizeof(name)) return false;
  memcpy(name, value.begin, value.length);
  decision->error = parse_errno(name);
  return decision->error != 0;
}

// Calls `use` for each line of the text, with its number; ends early if that says false.
template <typename Use>
bool each_line(const char* text, size_t size, Use use) {
  size_t number = 1;
  for (size_t at = 0; at < size; ++number) {
    const void* end = memchr(text + at, '\n', size - at);
    const size_t length =
        end != nullptr ? static_cast<size_t>(static_cast<const char*>(end) - text) - at : size - at;
    if (!use(text + at, length, number)) return false;
    at += length + 1;
  }
  return true;
}

void say(char (&problem)[160], const char* text, size_t line = 0) {
  problem[0] = '\0';
  if (line != 0) {
    append_text(problem, "line ");
    append_number(problem, line);
    append_text(problem, ": ");
  }
  append_text(problem, text);
}

// The table of a text: sorted by key, in memory of its own.
bool make_table(const char* text, size_t size, char (&problem)[160]) {
  known = 0;
  size_t lines = 0;
  each_line(text, size, [&](const char*, size_t, size_t) { return ++lines > 0; });
  if (lines == 0) return true;
  void* memory = map_memory(lines * sizeof(Known), Sharing::kPrivate);
  if (memory == nullptr) {
    say(problem, "there is not enough memory");
    return false;
  }
  Known* entries = static_cast<Known*>(memory);
  const bool good = each_line(text, size, [&](const char* line, size_t length, size_t number) {
    Site site;
    Decision decision;
    if (!parse_decision(line, length, &site, &decision)) {
      say(problem, "expected is PROCESS THREAD CALL NUMBER WHAT, as in 'pv 0 splice 3 limit=17'",
          number);
      return false;
    }
    if (site.number != 0) entries[known++] = {key_of(site), decision};
    return true;
  });
  std::sort(entries, entries + known, [](const Known& a, const Known& b) { return a.key < b.key; });
  table = entries;
  return good;
}

}  // namespace

bool parse_decision(const char* line, size_t length, Site* site, Decision* decision) {
  *site = {};
  *decision = {};
  Word words[8];
  size_t count = 0;
  for (size_t at = 0; at < length && line[at] != '#';) {
    size_t end = at;
    while (end < length && line[end] != ' ') ++end;
    if (end > at) {
      if (count == 8) return false;
      words[count++] = {line + at, end - at};
    }
    at = end + 1;
    if (at < length && line[at] == '#') break;
  }
  if (count == 0) return true;
  uint64_t thread;
  if (count < 5 || words[0].length >= kNameSize || !read_number(words[1], &thread) ||
      thread > UINT32_MAX || !read_call(words[2], &site->call) ||
      !read_number(words[3], &site->number) || site->number == 0) {
    return false;
  }
  memcpy(site->process, words[0].begin, words[0].length);
  site->thread = static_cast<uint32_t>(thread);
  return std::all_of(words + 4, words + count,
                     [decision](const Word& word) { return read_what(word, decision); });
}

bool open_replay(const char* path, char (&problem)[160]) {
  const KeepErrno keep;
  const int fd = sys->open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd < 0) {
    say(problem, "it cannot be opened");
    return false;
  }
  struct stat st;
  const bool usable = sys->fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= kMaxFile;
  const auto size = usable ? static_cast<size_t>(st.st_size) : 0;
  void* memory = size > 0 ? sys->mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0) : nullptr;
  sys->close(fd);
  if (!usable || memory == MAP_FAILED) {
    say(problem, "it is not a file of decisions");
    return false;
  }
  opened = size == 0 || make_table(static_cast<const char*>(memory), size, problem);
  if (size > 0) sys->munmap(memory, size);
  return opened;
}

bool replaying() { return opened; }

Decision replayed(const Site& site) {
  const uint64_t key = key_of(site);
  const Known* end = table + known;
  const Known* found = std::lower_bound(
      table, end, key, [](const Known& entry, uint64_t wanted) { return entry.key < wanted; });
  return found != end && found->key == key ? found->decision : Decision{};
}

}  // namespace anysplice::inject
