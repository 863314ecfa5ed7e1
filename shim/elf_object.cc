#include "shim/elf_object.h"

#include <stddef.h>
#include <string.h>

#include "core/base/placement.h"

namespace anysplice::shim {
namespace {

constexpr uint16_t kHiddenVersion = 0x8000;  // not the one that a name without a version means

// Some loaders write addresses over what the dynamic section has, some leave it as in the file.
template <typename T>
const T* address(ElfW(Addr) base, ElfW(Addr) value) {
  return reinterpret_cast<const T*>(value < base ? base + value : value);
}

uint32_t gnu_hash(const char* name) {
  uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

}  // namespace

ANYSPLICE_AT_START ElfObject::ElfObject(const dl_phdr_info& info) : base_(info.dlpi_addr) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(base_ + info.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      const ElfW(Addr) value = entry->d_un.d_ptr;
      if (entry->d_tag == DT_SYMTAB) symbols_ = address<ElfW(Sym)>(base_, value);
      if (entry->d_tag == DT_STRTAB) strings_ = address<char>(base_, value);
      if (entry->d_tag == DT_GNU_HASH) hash_ = address<uint32_t>(base_, value);
      if (entry->d_tag == DT_VERSYM) version_ = address<uint16_t>(base_, value);
    }
  }
}

template <typename Fits>
    const ElfW(Sym) * ElfObject::search(const char* name, Fits fits) const {
  const uint32_t hash = gnu_hash(name);
  const uint32_t buckets = hash_[0];
  const uint32_t first = hash_[1];
  const uint32_t words = hash_[2];
  const uint32_t shift = hash_[3];
  const auto* bloom = reinterpret_cast<const ElfW(Addr)*>(hash_ + 4);
  constexpr uint32_t kBits = sizeof(ElfW(Addr)) * 8;
  const ElfW(Addr) word = bloom[hash / kBits & (words - 1)];
  if ((word >> hash % kBits & word >> (hash >> shift) % kBits & 1) == 0) return nullptr;
  const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + words);
  const uint32_t* chain = bucket + buckets;
  uint32_t at = buckets == 0 ? 0 : bucket[hash % buckets];
  if (at < first || at == 0) return nullptr;
  for (;; ++at) {
    const uint32_t entry = chain[at - first];
    const ElfW(Sym)& symbol = symbols_[at];
    if ((entry | 1) == (hash | 1) && symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
        strcmp(strings_ + symbol.st_name, name) == 0 && fits(at, symbol)) {
      return &symbol;
    }
    if ((entry & 1) != 0) return nullptr;
  }
}

ANYSPLICE_AT_START ElfObject::Found ElfObject::find(const char* name) const {
  const auto* symbol = search(name, [this](uint32_t at, const ElfW(Sym)&) {
    return version_ == nullptr || (version_[at] & kHiddenVersion) == 0;
  });
  if (symbol == nullptr) return {false, nullptr};
  if ((symbol->st_info & 0xf) != STT_FUNC) return {true, nullptr};
  return {true, reinterpret_cast<void*>(base_ + symbol->st_value)};
}

ANYSPLICE_AT_START bool holds(const dl_phdr_info& info, const void* place) {
  const auto at = reinterpret_cast<uintptr_t>(place);
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    const uintptr_t start = info.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && at >= start && at - start < part.p_memsz) return true;
  }
  return false;
}

}  // namespace anysplice::shim
