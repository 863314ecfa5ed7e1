// The engine in a process that makes calls for other programs, on descriptors that it was given for
// the length of a call.
//
// Thread-safe, but for make_calls_for_others() and trace_for_others().
#ifndef ANYSPLICE_CORE_API_FOR_OTHERS_H_
#define ANYSPLICE_CORE_API_FOR_OTHERS_H_

#include "core/inject/process.h"
#include "core/telemetry/trace.h"

namespace anysplice {

// To be called once, before there are threads.
// Nothing is remembered of a descriptor, no pipe gets a ring, and nothing stays held after a call:
// what the other programs do with their pipes is not seen.
void make_calls_for_others();

// To be called once, before there are threads: each call is told to the sink.
void trace_for_others(const TraceSink* sink);

// Whose calls they are, to those who count them and make them fail.
using Caller = inject::Other;
// Of the program that take_settings() was told of; of one that has been started since; of a child.
void name_first(Caller& caller);
void name_started(Caller& caller, const char* called);
void name_child(Caller& caller, const Caller& parent, uint32_t number);

// Which number a descriptor of ours has there, for the next call that is made for it.
using inject::Borrowed;
using inject::lend;

// As long as this object lives the thread that made it makes the calls of that caller.
class CallsOf {
 public:
  CallsOf(Caller* caller, uint64_t process);
  ~CallsOf();
  CallsOf(const CallsOf&) = delete;
  CallsOf& operator=(const CallsOf&) = delete;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_API_FOR_OTHERS_H_
