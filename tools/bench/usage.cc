#include "tools/bench/usage.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/bench/peers.h"

namespace anysplice::tools::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec t;
  if (clock_gettime(clock, &t) != 0) return 0;
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double switches_of(pid_t pid) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  double sum = 0;
  for (std::string line; std::getline(status, line);) {
    if (!absl::StrContains(line, "ctxt_switches:")) continue;
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, ':');
    double count = 0;
    if (absl::SimpleAtod(parts.second, &count)) sum += count;
  }
  return sum;
}

}  // namespace

Usage usage_of_all() {
  Usage usage;
  rusage mine;
  getrusage(RUSAGE_SELF, &mine);
  usage.processor = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  usage.switches = static_cast<double>(mine.ru_nvcsw + mine.ru_nivcsw);
  for (const pid_t peer : living_peers()) {
    clockid_t clock;
    if (clock_getcpuclockid(peer, &clock) == 0) usage.processor += seconds_of(clock);
    usage.switches += switches_of(peer);
  }
  return usage;
}

}  // namespace anysplice::tools::bench
