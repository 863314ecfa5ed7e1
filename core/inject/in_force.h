// Which plan is in force: that of the start, or what the control file says. A call that is decided
// about keeps the plan that it began with.
//
// Thread-safe, async-signal-safe; nobody waits for anybody.
#ifndef ANYSPLICE_CORE_INJECT_IN_FORCE_H_
#define ANYSPLICE_CORE_INJECT_IN_FORCE_H_

#include <atomic>

#include "core/inject/plan.h"
#include "core/sys/critical_section.h"

namespace anysplice::inject {

// Before there are threads.
void put_in_force(const Plan& plan);
// In the child of a fork: of its parent's threads none has a plan here.
void forget_holders();

// Looks whether there is another plan now; true if so.
bool renew_plan();

// A plan that stays as it is while this object lives; handlers wait for its end, since one that
// jumps away would keep the plan for good.
class HeldPlan {
 public:
  HeldPlan();
  ~HeldPlan();
  HeldPlan(const HeldPlan&) = delete;
  HeldPlan& operator=(const HeldPlan&) = delete;

  const Plan& operator*() const { return *plan_; }
  const Plan* operator->() const { return plan_; }
  // So that counts of an earlier plan's rules can be told apart.
  uint64_t version() const { return version_; }

 private:
  const CriticalSection section_;
  const Plan* plan_;
  uint64_t version_;
  std::atomic<int>* holders_;
};

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_IN_FORCE_H_
