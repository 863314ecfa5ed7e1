// The program's signal handlers, called by way of one of ours (deferral.h).
//
// The kernel has our handler with the program's mask and flags; the program's own is in a table,
// and is what the program gets to see. The kernel is asked each time what the disposition is, so
// that a change behind our back (system(3), an inline system call) is believed. Thread- and
// async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_SIGNAL_ACTIONS_H_
#define ANYSPLICE_CORE_SYS_SIGNAL_ACTIONS_H_

#include <signal.h>
#include <stdint.h>

#include <atomic>

namespace anysplice::signal_actions {

// Whether there is all this; if not, the functions below are not there either.
#if defined(__linux__)
inline constexpr bool kThere = true;
#else
inline constexpr bool kThere = false;
#endif

// How many handlers have begun in this thread, as far as they are seen.
inline constinit thread_local std::atomic<uint32_t> begun{0};

// Handlers are seen from now on: they can be put off.
void start();

// From now on `ours` is asked first of each such signal, and if it says so, the signal was none of
// the program's. The program sees nothing of that: without a handler of its own, the signal does
// nothing, so let it be one that does nothing by default. False if a handler was installed unseen,
// or the system refuses.
bool listen(int signal, bool (*ours)(const siginfo_t* info));

// sigaction(2). `borrowed`: the memory is another process's, of which this is a child of vfork: its
// table stays as it is.
int change(int signal, const struct sigaction* wanted, struct sigaction* old, bool borrowed);

// The same in the kernel's own layout (syscall(2)), where that is the same on all machines we know.
#if defined(__linux__) && \
    (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__arm__))
#define ANYSPLICE_KERNEL_ACTION
struct KernelAction {
  void (*handler)(int, siginfo_t*, void*);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask[8 / sizeof(unsigned long)];
};
long change_by_number(int signal, const KernelAction* wanted, KernelAction* old, bool borrowed);
// Of a signal's action that the kernel has told: the program's view of it.
void show_by_number(int signal, KernelAction* kernel);
#endif

// signal(3) in both senses, sigset(3) and siginterrupt(3).
using SignalHandler = void (*)(int);
SignalHandler set_bsd(int signal, SignalHandler handler, bool borrowed);
SignalHandler set_sysv(int signal, SignalHandler handler, bool borrowed);
SignalHandler set_held(int signal, SignalHandler handler, bool borrowed);
int interrupt(int signal, int on, bool borrowed);

// In the child: another thread may have been changing an action.
void become_child();

}  // namespace anysplice::signal_actions

#endif  // ANYSPLICE_CORE_SYS_SIGNAL_ACTIONS_H_
