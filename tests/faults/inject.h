// System calls that fail on purpose: every entry of the engine's seam is replaced by one that
// writes down from where it was called, and fails where the plan says.
//
// A call site is an address of the engine's code; sites.h gives it a name. What is written down
// lies in memory shared with forked children.
#ifndef ANYSPLICE_TESTS_FAULTS_INJECT_H_
#define ANYSPLICE_TESTS_FAULTS_INJECT_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "core/sys/sys.h"

namespace faults {

enum class Function {
#define SYS(ret, name, params) name,
#include "core/sys/calls.def"
};
const char* name_of(Function function);

struct Event {
  Function function;
  uintptr_t site;
  long detail;  // what a function of many purposes was asked for: fcntl's command and the like
};

enum class Kind {
  kNothing,
  kOnce,    // that call fails
  kAlways,  // that call and all that follow from the same site
  kShort,   // that call moves half of what it was asked for
};

// Which call fails: the occurrence-th from that site, counted from 0.
struct Plan {
  Kind kind = Kind::kNothing;
  uintptr_t site = 0;
  int occurrence = 0;
  int error = 0;
};

// Takes over the seam. Once, before anything else.
void take_over();
// Functions that this system is to lack, with the errno that says so.
void lack(Function function, int error);
// A system that looks at the address of a read or write before it waits, as qemu-user does.
void look_at_addresses_first();
// From arm() to disarm() calls are written down and the plan is followed.
void arm(const Plan& plan);
void disarm();
bool fired();
// Somebody gets in between: done once, in the middle of the next call of that function that the
// engine makes, before it happens. Between arm() and disarm(); one at a time.
void meanwhile(Function function, std::function<void()> what);
// What was written down since arm(), by all processes.
std::vector<Event> events();

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_INJECT_H_
