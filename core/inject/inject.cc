#include "core/inject/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <iterator>

#include "core/base/keep_errno.h"
#include "core/inject/control.h"
#include "core/inject/generator.h"
#include "core/inject/in_force.h"
#include "core/inject/journal.h"
#include "core/inject/names.h"
#include "core/inject/process.h"
#include "core/inject/progress.h"
#include "core/inject/replay.h"
#include "core/sys/sys.h"

namespace anysplice::inject {

bool active = false;

namespace {

std::atomic<int> gone[kCalls];  // the error of a call that is no more

// What a pipe holds: short counts are drawn below it, as nobody moves more at once.
constexpr size_t kDrawn = 65536;

bool names_us(const char* name) {
  const Process& who = caller();
  return *name == '\0' || strcmp(name, who.plain) == 0 || strcmp(name, who.name) == 0;
}

bool is_end(const Plan& plan, Kinds kinds, EndNames names, int fd, Kinds kind) {
  return (kinds & kind) != 0 || (names != 0 && has_name(plan, names, fd, kind));
}

// The files that count: those that the rule names, or else what is neither a pipe nor memory.
Progress progress_of(const Plan& plan, size_t index, const Account& account) {
  const Rule& rule = plan.rule[index];
  const bool named = (rule.in_names | rule.out_names) != 0;
  const auto counts = [named](EndNames names, Kinds kind) {
    return named ? names != 0 : (kind & (kPipe | kMemory)) == 0;
  };
  return {.process = caller().identity,
          .rule = index,
          .in = counts(rule.in_names, account.in_kind) ? account.in : 0,
          .out = counts(rule.out_names, account.out_kind) ? account.out : 0};
}

bool far_enough(const Plan& plan, size_t index, const Attempt& attempt, const Situation& now,
                Account* account) {
  if (plan.rule[index].after == 0) return true;
  if (account->rules == 0) {
    account->in = file_identity(attempt.in);
    account->out = file_identity(attempt.out);
    account->in_kind = now.in;
    account->out_kind = now.out;
  }
  account->rules |= uint64_t{1} << index;
  return moved_so_far(progress_of(plan, index, *account)) >= plan.rule[index].after;
}

// Whether the rule is about this call, and this one of those it is about.
bool concerns(const Plan& plan, size_t index, const Attempt& attempt, const Situation& now,
              Counts& mine, Account* account) {
  const Rule& rule = plan.rule[index];
  if ((rule.calls & bit(now.call)) == 0 || !names_us(rule.process)) return false;
  if (rule.thread >= 0 && rule.thread != mine.thread) return false;
  if (rule.narrowed && !(is_end(plan, rule.in, rule.in_names, attempt.in, now.in) &&
                         is_end(plan, rule.out, rule.out_names, attempt.out, now.out))) {
    return false;
  }
  const bool far = far_enough(plan, index, attempt, now, account);
  const uint64_t number = ++mine.matched[index];
  if (number < rule.first || number > rule.last) return false;
  if ((number - rule.first) % rule.every != rule.every - 1) return false;
  const uint64_t moved = mine.bytes[static_cast<size_t>(now.call)];
  return far && moved >= rule.above && moved < rule.below;
}

void shorten(Decision* decision, uint64_t limit, const Situation& now, bool unsafe) {
  if (limit < now.length && (may_shorten(now) || (unsafe && now.length > 1))) {
    decision->limit = std::min(decision->limit, limit);
  }
}

void fail(Decision* decision, int error, const Situation& now, bool unsafe) {
  if (decision->error == 0 && (unsafe || may_fail(now, error))) decision->error = error;
}

// What a rule adds, of a call that it concerns.
void apply(const Rule& rule, uint64_t random, const Attempt& attempt, const Situation& now,
           Counts& mine, Decision* decision) {
  const auto call = static_cast<size_t>(now.call);
  switch (rule.act) {
    case Act::kShort:
    case Act::kPartial:
      if (now.length < 2) return;
      shorten(decision, draw_short(scramble(random), std::min(now.length, kDrawn)), now,
              rule.unsafe);
      if (rule.act == Act::kPartial)
        mine.pending[call] = {rule.error, number_in_caller(attempt.in),
                              number_in_caller(attempt.out), rule.unsafe};
      return;
    case Act::kLimit:
      return shorten(decision, rule.amount, now, rule.unsafe);
    case Act::kErrno:
      return fail(decision, rule.error, now, rule.unsafe);
    case Act::kGone:
      if (!rule.unsafe && !may_fail(now, rule.error)) return;
      gone[call].store(rule.error, std::memory_order_relaxed);
      return fail(decision, rule.error, now, true);
    case Act::kDelay:
      decision->delay = std::min<uint64_t>(decision->delay + rule.amount, 60'000'000'000);
      return;
    case Act::kZero:
      decision->zero = true;
      return;
    case Act::kPass:
      return;
  }
}

Decision decide(const Plan& plan, const Attempt& attempt, const Situation& now, Counts& mine,
                Account* account) {
  const auto call = static_cast<size_t>(now.call);
  Decision decision;
  if (const int error = gone[call].load(std::memory_order_relaxed); error != 0) {
    decision.error = error;
  }
  Pending& pending = mine.pending[call];
  if (pending.error != 0 && pending.in == number_in_caller(attempt.in) &&
      pending.out == number_in_caller(attempt.out)) {
    fail(&decision, pending.error, now, pending.unsafe);
    pending = {};
  }
  for (size_t i = 0; i < plan.rules; ++i) {
    const Rule& rule = plan.rule[i];
    if (!concerns(plan, i, attempt, now, mine, account)) continue;
    // Of the seed, who asks, which rule, and which of its calls: nothing else.
    uint64_t random = mix(mix(plan.seed, caller().identity), mine.thread);
    random = mix(mix(random, i), mine.matched[i]);
    if (!happens(random, rule.chance)) continue;
    if (rule.act == Act::kPass) break;
    apply(rule, random, attempt, now, mine, &decision);
  }
  // One that fails moves nothing.
  if (decision.error != 0 || decision.zero) decision.limit = kNoLimit;
  return decision;
}

void wait(uint64_t nanoseconds) {
  const KeepErrno keep;
  timespec left = {static_cast<time_t>(nanoseconds / 1'000'000'000),
                   static_cast<long>(nanoseconds % 1'000'000'000)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

Entry* note(const Attempt& attempt, const Situation& now, const Site& site,
            const Decision& decision) {
  if (!journal_open() || (decision.nothing() && !journal_everything())) return nullptr;
  Entry* entry = new_entry();
  if (entry == nullptr) return nullptr;
  entry->site = site;
  entry->decision = decision;
  entry->length = now.length;
  entry->result = decision.error != 0 ? -decision.error : decision.zero ? 0 : Entry::kUnfinished;
  entry->in = now.in;
  entry->out = now.out;
  const bool waits = may_wait(attempt, now);
  entry->may_shorten = may_shorten(now);
  entry->may_refuse = waits && may_fail(now, EAGAIN);
  entry->may_sleep = waits && may_fail(now, EINTR);
  entry->complete.store(true, std::memory_order_release);
  return entry;
}

// Rules that are new count from the beginning.
void look_for_other_rules() {
  if (!renew_plan()) return;
  for (auto& error : gone) error.store(0, std::memory_order_relaxed);
  forget_progress();
}

// Whether rules can neither change a call nor are to be told of it.
bool idle(const Plan& plan) {
  return plan.rules == 0 && !journal_open() && !replaying() &&
         std::all_of(std::begin(gone), std::end(gone),
                     [](const auto& error) { return error == 0; });
}

}  // namespace

void start(const Plan& with, const char* program) {
  put_in_force(with);
  for (auto& error : gone) error.store(0, std::memory_order_relaxed);
  name_process(program, 1);
  if (const uint32_t number = count_start(process.plain); number > 1) name_process(program, number);
  begin_counting();
  forget_progress();
  active = true;
}

void stop() { active = false; }

Turn begin(const Attempt& attempt, size_t length) {
  Decision decision;
  Account account;
  {
    const KeepErrno keep;
    look_for_other_rules();
    const HeldPlan plan;
    if (idle(*plan)) return {true, length, 0, {}};
    Counts& mine = counts();
    mine.begin_rules(plan.version());
    account.version = plan.version();
    Site site{.thread = mine.thread,
              .call = attempt.call,
              .number = ++mine.calls[static_cast<size_t>(attempt.call)]};
    memcpy(site.process, caller().name, kNameSize);
    const Situation now = look_at(attempt, length);
    decision = replaying() ? replayed(site) : decide(*plan, attempt, now, mine, &account);
    account.entry = note(attempt, now, site, decision);
  }
  if (decision.delay != 0) wait(decision.delay);
  if (decision.error != 0) {
    errno = decision.error;
    return {false, 0, -1, account};
  }
  if (decision.zero) return {false, 0, 0, account};
  return {true, static_cast<size_t>(std::min<uint64_t>(length, decision.limit)), 0, account};
}

void end(Call call, const Account& account, ssize_t result) {
  if (account.entry != nullptr) account.entry->result = result < 0 ? -errno : result;
  if (result <= 0) return;
  const auto bytes = static_cast<uint64_t>(result);
  counts().bytes[static_cast<size_t>(call)] += bytes;
  const HeldPlan plan;
  if (plan.version() != account.version) return;
  for (uint64_t rules = account.rules; rules != 0; rules &= rules - 1) {
    note_moved(progress_of(*plan, static_cast<size_t>(__builtin_ctzll(rules)), account), bytes);
  }
}

#ifdef F_SETPIPE_SZ
void size_new_pipe(const int fds[2]) {
  const HeldPlan plan;
  if (plan->pipe_capacity == 0) return;
  const KeepErrno keep;
  sys->fcntl(fds[1], F_SETPIPE_SZ, plan->pipe_capacity);
}

int refuses_size(int fd, int command, long size) {
  const KeepErrno keep;
  const HeldPlan plan;
  if (command != F_SETPIPE_SZ && command != F_GETPIPE_SZ) return 0;
  if (plan->pipe_fixed) return EINVAL;
  if (plan->pipe_capacity == 0 || command == F_GETPIPE_SZ) return 0;
  const int now = sys->fcntl(fd, F_GETPIPE_SZ, 0);
  return now >= 0 && size > now && size > plan->pipe_capacity ? EPERM : 0;
}
#else
void size_new_pipe(const int*) {}
int refuses_size(int, int, long) { return 0; }
#endif

}  // namespace anysplice::inject
