#include "core/inject/process.h"

#include <string.h>

#include <atomic>

#include "core/base/text.h"
#include "core/inject/generator.h"

namespace anysplice::inject {
namespace {

thread_local Counts mine;
thread_local Other* standing_for;
std::atomic<uint32_t> generation{1};
std::atomic<uint32_t> threads{0};  // but the first
std::atomic<uint32_t> children{0};

constexpr size_t kBaseLength = 31;  // leaves room for numbers

// Names go into lines of text and into specifications.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

void append_child(char (&name)[kNameSize], uint32_t number) {
  append_text(name, "/");
  append_number(name, number);
}

}  // namespace

Process process;

void name_process(Process& who, const char* called, uint32_t start) {
  const char* slash = strrchr(called, '/');
  const char* base = slash != nullptr ? slash + 1 : called;
  size_t length = 0;
  for (; base[length] != '\0' && length < kBaseLength; ++length) {
    who.plain[length] = is_plain(base[length]) ? base[length] : '_';
  }
  if (length == 0) who.plain[length++] = '_';
  who.plain[length] = '\0';
  memcpy(who.name, who.plain, kNameSize);
  if (start > 1) {
    append_text(who.name, "#");
    append_number(who.name, start);
  }
  who.identity = mix_text(0, who.plain);
}

void name_child(Process& who, uint32_t number) {
  append_child(who.name, number);
  append_child(who.plain, number);
  who.identity = mix(who.identity, number);
}

void begin_counting() {
  mine = {};
  mine.generation = generation.fetch_add(1, std::memory_order_relaxed) + 1;
  threads.store(0, std::memory_order_relaxed);
}

void before_fork() { children.fetch_add(1, std::memory_order_relaxed); }

void become_child() {
  name_child(process, children.exchange(0, std::memory_order_relaxed));
  begin_counting();
}

void stand_for(Other* other) { standing_for = other; }
const Process& caller() { return standing_for != nullptr ? standing_for->process : process; }

int number_in_caller(int fd) {
  if (standing_for == nullptr) return fd;
  for (const Borrowed& borrowed : standing_for->borrowed) {
    if (borrowed.ours == fd) return borrowed.number;
  }
  return -1;
}

void lend(const Borrowed& in, const Borrowed& out) {
  if (standing_for == nullptr) return;
  standing_for->borrowed[0] = in;
  standing_for->borrowed[1] = out;
}

Counts& counts() {
  if (standing_for != nullptr) return standing_for->counts;
  const uint32_t now = generation.load(std::memory_order_relaxed);
  if (mine.generation == now) return mine;
  mine = {};
  mine.thread = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  mine.generation = now;
  return mine;
}

}  // namespace anysplice::inject
