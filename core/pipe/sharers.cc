#include "core/pipe/sharers.h"

#include <bit>
#include <utility>

#include "core/base/placement.h"
#include "core/sys/critical_section.h"
#include "core/sys/memory.h"

namespace anysplice::sharers {
namespace {

// The bits of Pipe::sharers: children by their places, the parent, its other children, and children
// of whom nothing is heard.
constexpr int kChildren = 61;
constexpr uint64_t kParent = uint64_t{1} << 61;
constexpr uint64_t kSiblings = uint64_t{1} << 62;
constexpr uint64_t kUnknown = uint64_t{1} << 63;
constexpr uint64_t kElders = kParent | kSiblings;

// What two processes tell each other: a bit for each pipe that one of them reads no more.
struct Page {
  struct Side {
    std::atomic<uint64_t> stopped[kPipes / 64];
  };
  Side child;
  Side parent;
};

ANYSPLICE_SELDOM std::atomic<Page*> children[kChildren];
std::atomic<Page*> parent;
std::atomic<uint32_t> next_child;
// Not 0 in the process that has the pages. In a child of a fork that was not seen they are not
// mapped, or something else is in their place.
std::atomic<std::atomic<uint32_t>*> have_pages;
// The place of the child that this thread is making. Others may be making theirs.
constinit thread_local int forking = -1;

bool has_stopped(const Page::Side& side, uint32_t number) {
  return (side.stopped[number / 64].load(std::memory_order_acquire) >> number % 64 & 1) != 0;
}

void tell(Page::Side& side, uint32_t number) {
  side.stopped[number / 64].fetch_or(uint64_t{1} << number % 64, std::memory_order_release);
}

// Whom a bit stands for: the page, and the side that is theirs.
bool has_stopped(int bit, uint32_t number) {
  if (bit > std::countr_zero(kParent)) return false;
  const bool is_parent = bit == std::countr_zero(kParent);
  const Page* const page = (is_parent ? parent : children[bit]).load(std::memory_order_acquire);
  return page != nullptr && has_stopped(is_parent ? page->parent : page->child, number);
}

void note_pages_are_here() {
  if (have_pages.load() == nullptr) have_pages.store(map_word_that_children_forget());
  if (auto* const word = have_pages.load(); word != nullptr) word->store(1);
}

void look_for_unseen_fork() {
  const auto* const word = have_pages.load(std::memory_order_acquire);
  if (word == nullptr || word->load(std::memory_order_acquire) != 0) [[likely]]
    return;
  parent.store(nullptr);
  for (auto& child : children) child.store(nullptr);
  for (uint32_t i = 0; i < pipe_high(); ++i) pipe_number(i)->sharers.fetch_or(kUnknown);
  note_pages_are_here();
}

// Those that may still read.
uint64_t refreshed(Pipe* pipe) {
  look_for_unseen_fork();
  const uint32_t number = pipe->number;
  uint64_t now = pipe->sharers.load(std::memory_order_acquire);
  for (uint64_t rest = now; rest != 0; rest &= rest - 1) {
    const uint64_t bit = rest & -rest;
    if (has_stopped(std::countr_zero(bit), number)) now = pipe->sharers.fetch_and(~bit) & ~bit;
  }
  return now;
}

// A place for one more child. Those whose child was the last to have any pipe are used again.
int free_place() {
  for (int tries = 0; tries < kChildren; ++tries) {
    const int place = static_cast<int>(next_child.fetch_add(1) % kChildren);
    Page* const page = children[place].load();
    if (page == nullptr) return place;
    bool used = false;
    for (uint32_t i = 0; i < pipe_high() && !used; ++i) {
      used = (refreshed(pipe_number(i)) >> place & 1) != 0;
    }
    if (used) continue;
    children[place].store(nullptr);
    unmap_memory(page, sizeof(Page));
    return place;
  }
  return -1;
}

// All pipes that have a read end here are somebody's too.
void add(uint64_t bit) {
  const CriticalSection section;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    Pipe* const pipe = pipe_number(i);
    if (pipe->state.load(std::memory_order_acquire) == PipeState::kUnused) continue;
    const bool locked = pipe->lock.lock() != Locked::kNo;
    if (pipe->descriptors[kRead] > 0) pipe->sharers.fetch_or(bit);
    if (locked) pipe->lock.unlock();
  }
}

}  // namespace

bool any(Pipe* pipe) {
  return pipe->sharers.load(std::memory_order_relaxed) != 0 && refreshed(pipe) != 0;
}

void give(Pipe* pipe) { pipe->given.store(true, std::memory_order_release); }

// A process speaks for those that got the pipe from it, too: the parent hears of it when they are
// no more, a child when there is no other. (What the parent and its other children do a child
// knows, or expects, by itself.)
void stop_reading(Pipe* pipe) {
  if (pipe->given.load(std::memory_order_acquire)) return;
  const uint64_t others = refreshed(pipe);
  const uint64_t descendants = others & ~kElders;
  const uint32_t number = pipe->number;
  if (descendants == 0 && (others & kParent) != 0) {
    if (Page* const page = parent.load(); page != nullptr) tell(page->child, number);
  } else if (std::has_single_bit(descendants) && descendants != kUnknown) {
    Page* const page = children[std::countr_zero(descendants)].load();
    if (page != nullptr) tell(page->parent, number);
  }
}

void before_fork(bool tell) {
  look_for_unseen_fork();
  forking = tell && pipe_high() > 0 ? free_place() : -1;
  if (forking >= 0) {
    auto* const page = static_cast<Page*>(map_memory(sizeof(Page), Sharing::kRelated));
    children[forking].store(page);
    if (page == nullptr) forking = -1;
    if (page != nullptr) note_pages_are_here();
  }
  add(forking >= 0 ? uint64_t{1} << forking : kUnknown);
}

void after_fork(bool child) {
  const int place = std::exchange(forking, -1);
  Page* const page = place >= 0 ? children[place].load() : nullptr;
  if (page != nullptr) keep_from_children(page, sizeof(Page));
  if (!child) return;
  if (have_pages.load() != nullptr) note_pages_are_here();
  parent.store(page);
  for (auto& other : children) other.store(nullptr);  // not mapped here
  const uint64_t mine = page != nullptr ? uint64_t{1} << place : 0;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    std::atomic<uint64_t>& sharers = pipe_number(i)->sharers;
    const uint64_t parents = sharers.load();
    if (parents == 0) continue;
    // Without a page the parent is one of whom nothing is heard.
    const bool told = (parents & mine) != 0;
    sharers.store((told ? kParent : kSiblings) | ((parents & ~mine) != 0 ? kSiblings : 0));
  }
}

ANYSPLICE_AT_START void stop_all() {
  if (parent.load() == nullptr && next_child.load() == 0) return;
  for (uint32_t i = 0; i < pipe_high(); ++i) stop_reading(pipe_number(i));
}

void leave() {
  look_for_unseen_fork();
  const auto drop = [](std::atomic<Page*>& at) {
    // Another thread may be at it still.
    if (Page* const page = at.exchange(nullptr); page != nullptr) {
      replace_by_private(page, sizeof(Page));
    }
  };
  drop(parent);
  for (auto& child : children) drop(child);
}

}  // namespace anysplice::sharers
