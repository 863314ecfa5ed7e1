#include "core/inject/in_force.h"

#include <new>

#include "core/base/placement.h"
#include "core/inject/control.h"
#include "core/inject/spec.h"

namespace anysplice::inject {
namespace {

// Plan and place in which it was parsed. The first is that of the start, which is not ours.
struct Place {
  const Plan* plan = nullptr;
  uint64_t version = 0;
  std::atomic<int> holders{0};
};

constexpr int kPlaces = 3;
Place places[kPlaces];
// (Made when it is parsed: as it is at first, it is not all zeros.)
union Room {
  constexpr Room() : none() {}
  char none;
  Plan plan;
};
ANYSPLICE_SELDOM constinit Room parsed[kPlaces - 1];
std::atomic<int> current{0};
std::atomic<bool> renewing{false};
std::atomic<uint64_t> seen{0};               // version of the control file's text
ANYSPLICE_SELDOM char text[Control::kText];  // of whoever is renewing

// A place for another plan that nobody can come to hold: neither the one in force nor one that a
// call still has. Null if there is none.
Place* free_place(int* index) {
  for (int i = 1; i < kPlaces; ++i) {
    if (i == current.load() || places[i].holders.load() > 0) continue;
    *index = i;
    return &places[i];
  }
  return nullptr;
}

bool renew() {
  uint64_t version;
  int index;
  Place* place = free_place(&index);
  if (place == nullptr || !read_control(&version, text)) return false;
  Plan& plan = *new (&parsed[index - 1].plan) Plan;
  seen.store(version, std::memory_order_relaxed);
  // What cannot be understood changes nothing. No rule at all is a plan too.
  if (SpecError error; text[0] != '\0' && !parse_spec(text, &plan, &error)) return false;
  place->plan = &plan;
  place->version = version;
  current.store(index);
  return true;
}

}  // namespace

void put_in_force(const Plan& plan) {
  places[0].plan = &plan;
  places[0].version = 0;
  seen.store(0, std::memory_order_relaxed);
  current.store(0);
}

void forget_holders() {
  for (Place& place : places) place.holders.store(0);
  renewing.store(false);
}

bool renew_plan() {
  if (!control_changed(seen.load(std::memory_order_relaxed))) return false;
  const CriticalSection section;
  // Whoever comes second goes on with the plan there is.
  if (renewing.exchange(true, std::memory_order_acquire)) return false;
  const bool other = renew();
  renewing.store(false, std::memory_order_release);
  return other;
}

HeldPlan::HeldPlan() {
  for (;;) {
    const int index = current.load();
    Place& place = places[index];
    place.holders.fetch_add(1);
    if (current.load() == index) {
      plan_ = place.plan;
      version_ = place.version;
      holders_ = &place.holders;
      return;
    }
    place.holders.fetch_sub(1);
  }
}

HeldPlan::~HeldPlan() { holders_->fetch_sub(1); }

}  // namespace anysplice::inject
