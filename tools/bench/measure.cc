#include "tools/bench/measure.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "tools/bench/contained.h"
#include "tools/bench/usage.h"

namespace anysplice::tools::bench {
namespace {

constexpr size_t kMaxRounds = 64;
// Seconds for setting up, and for a machine that is busy with something else.
constexpr double kPatience = 10;

// What the child leaves behind, in memory shared with it.
struct SideSamples {
  bool started;
  int error;
  double bytes[kMaxRounds];
  double seconds[kMaxRounds];
  double processor[kMaxRounds];
  double switches[kMaxRounds];
};
struct Samples {
  int running;  // the side that has the turn, -1 for none
  SideSamples sides[kSides];
};

double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

struct Tally {
  double bytes = 0;
  double operations = 0;
  double seconds = 0;
  int error = 0;
};

// Operations for so long. The clock is asked about every 50 us at the most.
Tally run_for(Work& work, double seconds) {
  Tally tally;
  const double start = now(CLOCK_MONOTONIC);
  for (size_t batch = 1; tally.seconds < seconds;) {
    for (size_t i = 0; i < batch; ++i) {
      const ssize_t n = work.once();
      if (n < 0) {
        tally.error = static_cast<int>(-n);
        return tally;
      }
      tally.bytes += static_cast<double>(n);
    }
    tally.operations += static_cast<double>(batch);
    tally.seconds = now(CLOCK_MONOTONIC) - start;
    const double each = tally.seconds / tally.operations;
    batch = static_cast<size_t>(std::clamp(50e-6 / each, 1.0, 1000.0));
  }
  return tally;
}

// A side at work: one Work for each thread.
class Team {
 public:
  // 0 or an errno.
  int make(const Kind& kind, Side side, const Setting& setting) {
    const Calls& calls = take_side(side);
    for (size_t i = 0; i < setting.threads; ++i) {
      errno = 0;
      works_.push_back(kind.make(side, calls, setting));
      if (works_.back() == nullptr) return errno != 0 ? errno : EIO;
    }
    return 0;
  }

  int warm_up() {
    for (const auto& work : works_) {
      for (size_t i = 0; i < work->warm_up(); ++i) {
        if (const ssize_t n = work->once(); n < 0) return static_cast<int>(-n);
      }
    }
    return 0;
  }

  Tally run(double seconds) {
    std::vector<Tally> tallies(works_.size());
    std::vector<std::thread> others;
    for (size_t i = 1; i < works_.size(); ++i) {
      others.emplace_back([&, i] { tallies[i] = run_for(*works_[i], seconds); });
    }
    tallies[0] = run_for(*works_[0], seconds);
    for (std::thread& other : others) other.join();
    Tally sum;
    for (const Tally& tally : tallies) {
      sum.bytes += tally.bytes;
      sum.operations += tally.operations;
      sum.seconds = std::max(sum.seconds, tally.seconds);
      if (tally.error != 0) sum.error = tally.error;
    }
    return sum;
  }

 private:
  std::vector<std::unique_ptr<Work>> works_;
};

void run_slice(Team& team, Side side, size_t round, double seconds, SideSamples* samples) {
  take_side(side);
  // Until connections and caches are as this side leaves them.
  Tally tally = team.run(seconds / 8);
  const Usage before = usage_of_all();
  if (tally.error == 0) tally = team.run(seconds);
  const Usage used = usage_of_all() - before;
  samples->error = tally.error;
  if (tally.error != 0) return;
  samples->bytes[round] = tally.bytes / tally.seconds;
  samples->seconds[round] = tally.seconds / tally.operations;
  samples->processor[round] = used.processor / tally.operations;
  samples->switches[round] = used.switches / tally.operations;
}

void run_rounds(const Kind& kind, const Setting& setting, const Plan& plan, std::vector<Side> sides,
                Samples* samples) {
  place_loop(setting.placement);
  Team teams[kSides];
  const auto sample = [samples](Side side) { return &samples->sides[index_of(side)]; };
  for (const Side side : sides) {
    samples->running = static_cast<int>(index_of(side));
    sample(side)->started = true;
    sample(side)->error = teams[index_of(side)].make(kind, side, setting);
  }
  for (const Side side : sides) {
    samples->running = static_cast<int>(index_of(side));
    take_side(side);
    if (sample(side)->error == 0) sample(side)->error = teams[index_of(side)].warm_up();
  }
  for (size_t round = 0; round < plan.rounds; ++round) {
    for (const Side side : sides) {
      samples->running = static_cast<int>(index_of(side));
      if (sample(side)->error != 0) continue;
      run_slice(teams[index_of(side)], side, round, plan.slice, sample(side));
      usleep(300);  // for peers to finish with what is under way
    }
    // Each order is followed by its reverse, and each side comes first in its turn.
    std::reverse(sides.begin(), sides.end());
    if (round % 2 == 1) std::rotate(sides.begin(), sides.begin() + 1, sides.end());
  }
  samples->running = -1;
}

// The same, each slice in a process of its own. Whether all came to their end.
bool run_apart(const Kind& kind, const Setting& setting, const Plan& plan, std::vector<Side> sides,
               Samples* samples) {
  for (size_t round = 0; round < plan.rounds; ++round) {
    for (const Side side : sides) {
      SideSamples* mine = &samples->sides[index_of(side)];
      if (mine->error != 0) continue;
      samples->running = static_cast<int>(index_of(side));
      mine->started = true;
      const bool came_back = run_contained(plan.slice + kPatience, [&] {
        Team team;
        mine->error = team.make(kind, side, setting);
        if (mine->error == 0) mine->error = team.warm_up();
        if (mine->error == 0) run_slice(team, side, round, plan.slice, mine);
      });
      if (!came_back) return false;
    }
    std::reverse(sides.begin(), sides.end());
  }
  samples->running = -1;
  return true;
}

std::vector<double> values_of(const double (&from)[kMaxRounds], size_t rounds) {
  std::vector<double> values;
  for (size_t i = 0; i < rounds; ++i) {
    if (from[i] != 0) values.push_back(from[i]);
  }
  return values;
}

SideResult result_of(const Kind& kind, const SideSamples& mine, const SideSamples& kernel,
                     size_t rounds) {
  SideResult result;
  result.ran = mine.started && mine.error == 0;
  result.error = mine.error;
  result.bytes = summarize(values_of(mine.bytes, rounds));
  result.seconds = summarize(values_of(mine.seconds, rounds));
  result.processor = summarize(values_of(mine.processor, rounds));
  result.switches = summarize(values_of(mine.switches, rounds));
  result.ratio = summarize(kind.by_time ? paired_ratios(absl::MakeSpan(kernel.seconds, rounds),
                                                        absl::MakeSpan(mine.seconds, rounds))
                                        : paired_ratios(absl::MakeSpan(mine.bytes, rounds),
                                                        absl::MakeSpan(kernel.bytes, rounds)));
  result.processor_ratio = summarize(paired_ratios(absl::MakeSpan(kernel.processor, rounds),
                                                   absl::MakeSpan(mine.processor, rounds)));
  return result;
}

// The errno with which the kernel lacks one of the calls, or 0.
int kernel_lacks_any(unsigned calls) {
  for (size_t call = 0; call < kCalls; ++call) {
    if ((calls >> call & 1) == 0) continue;
    if (const int error = kernel_lacks(static_cast<Call>(call)); error != 0) return error;
  }
  return 0;
}

}  // namespace

Result measure(const Kind& kind, const Setting& setting, const Plan& plan,
               absl::Span<const Side> sides) {
  Result result;
  const size_t rounds = std::min(plan.rounds, kMaxRounds);
  std::vector<Side> present;
  const int lacks = kernel_lacks_any(kind.calls);
  for (const Side side : sides) {
    if (side == Side::kKernel && lacks != 0) {
      result.sides[index_of(side)].error = lacks;
    } else if (kind.has(side)) {
      present.push_back(side);
    }
  }
  void* memory =
      mmap(nullptr, sizeof(Samples), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return result;
  auto* samples = static_cast<Samples*>(memory);
  const double expected = static_cast<double>(rounds * present.size()) * (plan.slice * 1.2 + 1e-3);
  const Plan bounded{rounds, plan.slice};
  const bool came_back = plan.apart ? run_apart(kind, setting, bounded, present, samples)
                                    : run_contained(3 * expected + kPatience, [&] {
                                        run_rounds(kind, setting, bounded, present, samples);
                                      });
  for (const Side side : present) {
    SideResult& mine = result.sides[index_of(side)];
    mine = result_of(kind, samples->sides[index_of(side)], samples->sides[index_of(Side::kKernel)],
                     rounds);
    if (!came_back && samples->running == static_cast<int>(index_of(side))) {
      mine.lost = true;
      mine.ran = false;
    }
  }
  munmap(memory, sizeof(Samples));
  return result;
}

}  // namespace anysplice::tools::bench
