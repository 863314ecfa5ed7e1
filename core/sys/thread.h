// Which thread this is, signals to it, and sleeping until a word in memory changes.
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_THREAD_H_
#define ANYSPLICE_CORE_SYS_THREAD_H_

#include <signal.h>
#include <stdint.h>

#include <atomic>

namespace anysplice::thread {

// Not 0, below 2^31, and no other thread's of this process. A forked child keeps its parent's.
uint32_t number();

// Whether the process has, or had, other threads.
enum class Others { kNone, kSome, kUnknown };
Others others();

// Sleeps while the word has that value, or until wake_one(), a signal, or nothing at all. Keeps
// errno. Only between the threads of a process.
void wait_while(std::atomic<uint32_t>& word, uint32_t value);
void wake_one(std::atomic<uint32_t>& word);

// Sends this thread a signal that says of itself what `info` says. False if the system cannot, or
// refuses.
bool send(int signal, const siginfo_t& info);

}  // namespace anysplice::thread

#endif  // ANYSPLICE_CORE_SYS_THREAD_H_
