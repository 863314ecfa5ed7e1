// Who makes a call: names for processes and numbers for threads that are the same in every run, as
// far as possible; and the counts that each thread keeps of its calls.
//
// A process is named after its program, with "#2" for the second start of a program of that name
// (known only where a journal is kept) and "/N" for the Nth child of a fork: "sh", "pv#2",
// "sh/1/3". The thread that main() runs in, or that forked, has number 0; the others are numbered
// in the order of their first call.
#ifndef ANYSPLICE_CORE_INJECT_PROCESS_H_
#define ANYSPLICE_CORE_INJECT_PROCESS_H_

#include <stdint.h>

#include "core/inject/plan.h"

namespace anysplice::inject {

// A transfer that was made in part, and that is to fail when it is continued.
struct Pending {
  int error = 0;
  int in = -1;
  int out = -1;
  bool unsafe = false;
};

// Of one thread.
struct Counts {
  uint32_t generation = 0;  // of the process: a forked child starts from zero
  uint32_t thread = 0;
  uint64_t calls[kCalls] = {};
  uint64_t bytes[kCalls] = {};
  uint64_t matched[kMaxRules] = {};
  Pending pending[kCalls];
  uint64_t rules = 0;  // the plan whose calls are counted in `matched`

  void begin_rules(uint64_t version) {
    if (rules == version) return;
    rules = version;
    for (uint64_t& count : matched) count = 0;
    for (Pending& one : pending) one = {};
  }
};

struct Process {
  char name[kNameSize] = "";   // with the number of its start
  char plain[kNameSize] = "";  // without
  uint64_t identity = 0;       // of the plain name, in full length
};

extern Process process;

// From the name that the program was called by; start counts from 1.
void name_process(Process& who, const char* called, uint32_t start);
inline void name_process(const char* called, uint32_t start) {
  name_process(process, called, start);
}
// Makes the name of a process that of its child with this number.
void name_child(Process& who, uint32_t number);
// To be called by the first thread of the process, before any thread has made a call.
void begin_counting();
// In the parent before a fork, and in the child after it.
void before_fork();
void become_child();

// Those of the calling thread; they start from zero when it makes its first call.
Counts& counts();

// A descriptor of another process that we have under a number of our own.
struct Borrowed {
  int number = -1;
  int ours = -1;
};

// A thread of another process, for which the calling thread makes calls (api/for_others.h).
struct Other {
  Process process;
  Counts counts;
  Borrowed borrowed[2];  // for the call under way
};
// Until it is null, counts() and caller() are of that one.
void stand_for(Other* other);
// What its call, made next by the calling thread, works on.
void lend(const Borrowed& in, const Borrowed& out);
// The process that makes the call.
const Process& caller();
// The number that a descriptor of ours has there.
int number_in_caller(int fd);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_PROCESS_H_
