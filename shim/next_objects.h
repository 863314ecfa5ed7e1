// The objects that the loader searches behind this one, and what they define.
//
// dlsym(RTLD_NEXT) would find the same, but it wipes the program's dlerror(), takes the loader's
// lock, and calls the program's allocator. Once the objects are remembered, looking up a name does
// none of that and makes no system call: it can wait until a function is used, and the start of a
// program does not pay for it.
//
// Thread-safe and async-signal-safe, but for remember().
#ifndef ANYSPLICE_SHIM_NEXT_OBJECTS_H_
#define ANYSPLICE_SHIM_NEXT_OBJECTS_H_

#include "shim/elf_object.h"

namespace anysplice::shim::next_objects {

// For the constructor: walks over the objects, with the loader's lock, as the constructor of any
// object has it.
void remember();

// The first of them that defines a name; null if none does. Before the constructor it begins with
// remember().
const ElfObject* that_defines(const char* name);

// The address of a function. Null if none of the objects defines it, or only as one that has to be
// asked for its address (STT_GNU_IFUNC).
void* find(const char* name);

// Who asks for a name, by an address in its code, without the loader's locks.
struct Caller {
  enum {
    kInFront,  // the program, and objects before us
    kOurselves,
    kBehind,  // there when the program started
    kLate,    // loaded since, or not known
  } where;
  bool wraps;  // kBehind: it defines that name itself, or may
};
Caller look_for(const void* place, const char* name);

// Our own function of that name; null if there is none.
void* find_ours(const char* name);

}  // namespace anysplice::shim::next_objects

#endif  // ANYSPLICE_SHIM_NEXT_OBJECTS_H_
