#include "shim/next_objects.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <atomic>

namespace anysplice::shim::next_objects {
namespace {

struct Object {
  ElfW(Addr) base;
  const ElfW(Sym) * symbols;
  const char* strings;
  const uint32_t* hash;     // DT_GNU_HASH
  const uint16_t* version;  // null without versions
};
constexpr size_t kMost = 64;

Object objects[kMost];
std::atomic<size_t> count;  // published when all are there

constexpr uint16_t kHiddenVersion = 0x8000;  // not the one that a name without a version means

// Some loaders write addresses over what the dynamic section has, some leave it as in the file.
template <typename T>
const T* address(ElfW(Addr) base, ElfW(Addr) value) {
  return reinterpret_cast<const T*>(value < base ? base + value : value);
}

bool holds(const dl_phdr_info& info, uintptr_t place) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    const uintptr_t start = info.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && place >= start && place - start < part.p_memsz) return true;
  }
  return false;
}

uint32_t gnu_hash(const char* name) {
  uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

struct Walk {
  bool behind_us;
  size_t found;
};

int note(dl_phdr_info* info, size_t, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  if (!walk.behind_us) {
    walk.behind_us = holds(*info, reinterpret_cast<uintptr_t>(&note));
    return 0;
  }
  Object found{info->dlpi_addr, nullptr, nullptr, nullptr, nullptr};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(found.base + info->dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      const ElfW(Addr) value = entry->d_un.d_ptr;
      if (entry->d_tag == DT_SYMTAB) found.symbols = address<ElfW(Sym)>(found.base, value);
      if (entry->d_tag == DT_STRTAB) found.strings = address<char>(found.base, value);
      if (entry->d_tag == DT_GNU_HASH) found.hash = address<uint32_t>(found.base, value);
      if (entry->d_tag == DT_VERSYM) found.version = address<uint16_t>(found.base, value);
    }
  }
  // One that cannot be searched ends the search: what is behind it may not be the next.
  if (found.symbols == nullptr || found.strings == nullptr || found.hash == nullptr) return 1;
  objects[walk.found++] = found;
  return walk.found == kMost ? 1 : 0;
}

const ElfW(Sym) * find_in(const Object& object, const char* name, uint32_t hash) {
  const uint32_t buckets = object.hash[0];
  const uint32_t first = object.hash[1];
  const uint32_t words = object.hash[2];
  const uint32_t shift = object.hash[3];
  const auto* bloom = reinterpret_cast<const ElfW(Addr)*>(object.hash + 4);
  constexpr uint32_t kBits = sizeof(ElfW(Addr)) * 8;
  const ElfW(Addr) word = bloom[hash / kBits & (words - 1)];
  if ((word >> hash % kBits & word >> (hash >> shift) % kBits & 1) == 0) return nullptr;
  const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + words);
  const uint32_t* chain = bucket + buckets;
  uint32_t at = buckets == 0 ? 0 : bucket[hash % buckets];
  if (at < first || at == 0) return nullptr;
  for (;; ++at) {
    const uint32_t entry = chain[at - first];
    const ElfW(Sym)& symbol = object.symbols[at];
    if ((entry | 1) == (hash | 1) && symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 &&
        strcmp(object.strings + symbol.st_name, name) == 0 &&
        (object.version == nullptr || (object.version[at] & kHiddenVersion) == 0)) {
      return &symbol;
    }
    if ((entry & 1) != 0) return nullptr;
  }
}

}  // namespace

void remember() {
  Walk walk{};
  dl_iterate_phdr(note, &walk);
  count.store(walk.found, std::memory_order_release);
}

void* find(const char* name) {
  size_t known = count.load(std::memory_order_acquire);
  if (known == 0) [[unlikely]] {
    remember();
    known = count.load(std::memory_order_acquire);
  }
  const uint32_t hash = gnu_hash(name);
  for (size_t i = 0; i < known; ++i) {
    const auto* symbol = find_in(objects[i], name, hash);
    if (symbol == nullptr) continue;
    if ((symbol->st_info & 0xf) != STT_FUNC) return nullptr;
    return reinterpret_cast<void*>(objects[i].base + symbol->st_value);
  }
  return nullptr;
}

}  // namespace anysplice::shim::next_objects
