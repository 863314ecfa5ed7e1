#include "tools/commands.h"

namespace anysplice::tools {
namespace {

constexpr Command kCommands[] = {
    {"run", "run a program with the calls provided", run_command, run_options, Runs::kProgram},
    {"trace", "run a program and print each of its calls", trace_command, trace_options,
     Runs::kObserved},
    {"top", "watch what anysplice does for a program while it runs", top_command, top_options,
     Runs::kObserved},
    {"inject", "change what is injected into a running program", inject_command, inject_options},
    {"explore", "find the failures of these calls that a test does not survive", explore_command,
     explore_options, Runs::kObserved},
    {"conform", "compare these calls with what Linux does", conform_command, conform_options},
    {"doctor", "show what this system offers, and what anysplice does about it", doctor_command,
     doctor_options},
    {"demo", "show real programs with the calls refused, without and with it", demo_command,
     demo_options},
    {"profile", "print what switches the kernel's calls off for a service", profile_command,
     profile_options},
    {"bench", "compare the speed of anysplice with the kernel's", bench_command, bench_options},
    {"completion", "print what lets a shell complete these commands", completion_command,
     completion_options},
};

}  // namespace

absl::Span<const Command> commands() { return kCommands; }

}  // namespace anysplice::tools
