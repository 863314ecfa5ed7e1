// Which thread this is, signals to it, and sleeping until a word in memory changes.
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_THREAD_H_
#define ANYSPLICE_CORE_SYS_THREAD_H_

#include <signal.h>
#include <stdint.h>

#include <atomic>

namespace anysplice::thread {

// A number from 1 to 2^31 - 1 that no other thread of this process has. A forked child keeps that
// of its parent.
uint32_t number();

// Whether the process has, or had, other threads.
enum class Others { kNone, kSome, kUnknown };
Others others();

// Sleeps while the word has that value. May return early: after wake_one(), after a signal, or for
// no reason. Keeps errno. Works only between the threads of one process.
void wait_while(std::atomic<uint32_t>& word, uint32_t value);
void wake_one(std::atomic<uint32_t>& word);

// The same for a word in memory that several processes share; and no longer than so many
// milliseconds, about.
void wait_between_processes(std::atomic<uint32_t>& word, uint32_t value, long milliseconds);
void wake_between_processes(std::atomic<uint32_t>& word);

// Whether this is the thread that libc takes it for: not in a child of vfork, where libc's memory
// is the parent's. False if that cannot be known.
bool is_libcs();

// Sends this thread a signal that says of itself what `info` says. False if the system cannot, or
// refuses.
bool send(int signal, const siginfo_t& info);
// Sends this thread a signal as the kernel does from within a call (SIGPIPE, SIGXFSZ): by itself.
void raise_as_kernel(int signal);

}  // namespace anysplice::thread

#endif  // ANYSPLICE_CORE_SYS_THREAD_H_
