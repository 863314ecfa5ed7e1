// The engine in a process that makes calls for other programs, on descriptors that it was given for
// the length of a call.
//
// To be called once, before there are threads.
#ifndef ANYSPLICE_CORE_API_FOR_OTHERS_H_
#define ANYSPLICE_CORE_API_FOR_OTHERS_H_

namespace anysplice {

// Nothing is remembered of a descriptor, no pipe gets a ring, and nothing stays held after a call:
// what the other programs do with their pipes is not seen.
void make_calls_for_others();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_API_FOR_OTHERS_H_
