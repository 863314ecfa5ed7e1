// An object that the loader has loaded, and the functions that it defines, without asking the
// loader.
//
// Thread-safe and async-signal-safe; makes no system call and allocates nothing.
#ifndef ANYSPLICE_SHIM_ELF_OBJECT_H_
#define ANYSPLICE_SHIM_ELF_OBJECT_H_

#include <link.h>
#include <stdint.h>

namespace anysplice::shim {

class ElfObject {
 public:
  constexpr ElfObject() = default;
  // What dl_iterate_phdr(3) tells of one.
  explicit ElfObject(const dl_phdr_info& info);

  // False: it cannot be told what it defines.
  bool searchable() const { return symbols_ != nullptr && strings_ != nullptr && hash_ != nullptr; }

  // Whether it has the symbol that a name without a version means, and its address: null if it is
  // no function, or one that has to be asked for its address (STT_GNU_IFUNC).
  struct Found {
    bool defined;
    void* function;
  };
  Found find(const char* name) const;

 private:
  template <typename Fits>
      const ElfW(Sym) * search(const char* name, Fits fits) const;

  ElfW(Addr) base_ = 0;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  const uint32_t* hash_ = nullptr;     // DT_GNU_HASH
  const uint16_t* version_ = nullptr;  // null without versions
};

// Whether that address lies in the object.
bool holds(const dl_phdr_info& info, const void* place);

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_ELF_OBJECT_H_
