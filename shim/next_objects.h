// The objects that the loader searches behind this one, and what they define.
//
// dlsym(RTLD_NEXT) would find the same, but it wipes the program's dlerror(), takes the loader's
// lock, and calls the program's allocator. This is for the constructor, where all that the table
// names is looked up at once. Async-signal-safe, but for the walk over the objects (which takes the
// loader's lock, as the constructor of any object has it).
#ifndef ANYSPLICE_SHIM_NEXT_OBJECTS_H_
#define ANYSPLICE_SHIM_NEXT_OBJECTS_H_

#include <link.h>
#include <stddef.h>
#include <stdint.h>

namespace anysplice::shim {

class NextObjects {
 public:
  NextObjects();
  // The address of a function; null if none of them defines it, or only as one that has to be
  // asked for its address (STT_GNU_IFUNC).
  void* find(const char* name) const;

 private:
  struct Object {
    ElfW(Addr) base;
    const ElfW(Sym) * symbols;
    const char* strings;
    const uint32_t* hash;     // DT_GNU_HASH
    const uint16_t* version;  // null without versions
  };
  static constexpr size_t kMost = 64;

  static int note(dl_phdr_info* info, size_t, void* self);
  static const ElfW(Sym) * find_in(const Object& object, const char* name, uint32_t hash);

  Object objects_[kMost];
  size_t count_ = 0;
  bool behind_us_ = false;
};

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_NEXT_OBJECTS_H_
