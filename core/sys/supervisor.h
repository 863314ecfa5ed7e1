// The `anysplice run` that carries out those calls of the splice family that this process makes
// past the engine, by instructions of its own (tools/supervisor).
//
// It cannot see the bytes that the engine keeps. So it is told before any are kept, by a call that
// nobody else answers. When a call comes past the engine for the first time after that, it sends
// the calling thread SIGURG, which does nothing where nobody waits for it; our handler settles all
// pipes, and from then on nothing is kept.
//
// Thread-safe and async-signal-safe, but for start().
#ifndef ANYSPLICE_CORE_SYS_SUPERVISOR_H_
#define ANYSPLICE_CORE_SYS_SUPERVISOR_H_

#include <stdint.h>

#include <atomic>

namespace anysplice::supervisor {

// What the supervisor reads in this process's memory; it is told the address.
struct Record {
  std::atomic<uint64_t> name;  // of this program in this process; not 0
  std::atomic<uint64_t> settled;
};

// The call by which it is told, of any of the family that it answers:
// (-1, address of the record, -1, mark, kHello, 0). Its answers:
inline constexpr long kHello = 1;
inline constexpr long kMayKeep = 1;
inline constexpr long kKeepNothing = 2;

#if defined(__linux__)

enum class State { kNone, kUntold, kTold, kNothing };
inline constinit std::atomic<State> state{State::kNone};
bool tell();

// `text`: "NUMBER:MARK", the number of a system call that the supervisor answers, and the mark by
// which it knows ours (ANYSPLICE_SUPERVISOR). `settle_all` is called in a signal handler.
void start(const char* text, void (*settle_all)());

// To be asked each time that bytes are to be kept where a call past the engine would miss them.
inline bool lets_keep() { return state.load(std::memory_order_seq_cst) == State::kNone || tell(); }

// In the child: of this process it has not been told.
void become_child();

#else

inline bool lets_keep() { return true; }
inline void become_child() {}

#endif

}  // namespace anysplice::supervisor

#endif  // ANYSPLICE_CORE_SYS_SUPERVISOR_H_
