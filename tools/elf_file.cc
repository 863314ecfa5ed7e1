#include "tools/elf_file.h"

#include <elf.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {
namespace {

constexpr uint8_t kNativeOrder =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
constexpr size_t kMaxDynamicEntries = 4096;
constexpr size_t kMaxName = 256;  // of an object

template <typename T>
bool read_at(int fd, uint64_t offset, T* out) {
  return offset <= static_cast<uint64_t>(LLONG_MAX) &&
         pread(fd, out, sizeof(T), static_cast<off_t>(offset)) == static_cast<ssize_t>(sizeof(T));
}

std::string read_string(int fd, uint64_t offset, uint64_t size) {
  char text[PATH_MAX] = {};
  const size_t want = size < sizeof(text) ? size : sizeof(text) - 1;
  if (offset > static_cast<uint64_t>(LLONG_MAX) ||
      pread(fd, text, want, static_cast<off_t>(offset)) < 0) {
    return "";
  }
  return text;
}

// What the dynamic section tells.
struct Dynamic {
  bool is_pie = false;
  uint64_t names = 0;            // the address of the names
  std::vector<uint64_t> needed;  // where among them the objects' are
};

template <typename Dyn>
Dynamic read_dynamic(int fd, uint64_t offset, uint64_t size) {
  Dynamic found;
  const size_t count =
      size / sizeof(Dyn) < kMaxDynamicEntries ? size / sizeof(Dyn) : kMaxDynamicEntries;
  for (size_t i = 0; i < count; ++i) {
    Dyn entry;
    if (!read_at(fd, offset + i * sizeof(Dyn), &entry) || entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) found.needed.push_back(entry.d_un.d_val);
    if (entry.d_tag == DT_STRTAB) found.names = entry.d_un.d_ptr;
    // Position-independent programs are shared objects by type; this flag tells them from
    // libraries.
    if (entry.d_tag == DT_FLAGS_1) found.is_pie = (entry.d_un.d_val & DF_1_PIE) != 0;
  }
  return found;
}

// Whether one of a segment's notes is that of Go's linker: its name is "Go", its contents tell the
// build.
bool has_note_of_go(int fd, uint64_t offset, uint64_t size) {
  constexpr char kName[4] = "Go\0";
  struct Note {
    Elf64_Nhdr header;  // as in the other class
    char name[4];
  } note;
  for (uint64_t at = 0; at + sizeof(note) <= size && read_at(fd, offset + at, &note);) {
    if (note.header.n_namesz == sizeof(kName) && memcmp(note.name, kName, sizeof(kName)) == 0) {
      return true;
    }
    const auto aligned = [](uint64_t length) { return (length + 3) & ~uint64_t{3}; };
    at += sizeof(note.header) + aligned(note.header.n_namesz) + aligned(note.header.n_descsz);
  }
  return false;
}

template <typename Ehdr, typename Phdr, typename Dyn>
bool read_segments(int fd, ElfFile* file) {
  Ehdr header;
  if (!read_at(fd, 0, &header)) return false;
  Dynamic dynamic;
  std::vector<Phdr> loaded;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Phdr segment;
    if (!read_at(fd, header.e_phoff + uint64_t{i} * sizeof(Phdr), &segment)) return false;
    if (segment.p_type == PT_INTERP) {
      file->interpreter = read_string(fd, segment.p_offset, segment.p_filesz);
    } else if (segment.p_type == PT_NOTE) {
      file->is_go |= has_note_of_go(fd, segment.p_offset, segment.p_filesz);
    } else if (segment.p_type == PT_DYNAMIC) {
      dynamic = read_dynamic<Dyn>(fd, segment.p_offset, segment.p_filesz);
    } else if (segment.p_type == PT_LOAD) {
      loaded.push_back(segment);
    }
  }
  file->is_static = file->interpreter.empty() && (header.e_type == ET_EXEC || dynamic.is_pie);
  const auto with_names = std::find_if(loaded.begin(), loaded.end(), [&](const Phdr& segment) {
    return dynamic.names >= segment.p_vaddr && dynamic.names - segment.p_vaddr < segment.p_filesz;
  });
  if (with_names == loaded.end()) return true;
  const uint64_t names = with_names->p_offset + (dynamic.names - with_names->p_vaddr);
  for (const uint64_t name : dynamic.needed) {
    file->needed.push_back(read_string(fd, names + name, kMaxName));
  }
  return true;
}

absl::string_view family(uint16_t machine) {
  switch (machine) {
    case EM_386:
    case EM_X86_64:
      return "x86";
    case EM_ARM:
    case EM_AARCH64:
      return "ARM";
    case EM_PPC:
    case EM_PPC64:
      return "POWER";
    case EM_RISCV:
      return "RISC-V";
    case EM_S390:
      return "S/390";
    case EM_MIPS:
      return "MIPS";
    case EM_LOONGARCH:
      return "LoongArch";
    default:
      return "";
  }
}

}  // namespace

bool ElfFile::same_machine(const ElfFile& other) const {
  return elf_class == other.elf_class && byte_order == other.byte_order && machine == other.machine;
}

bool ElfFile::uses_musl() const {
  if (!interpreter.empty()) {
    return absl::StartsWith(interpreter.substr(interpreter.rfind('/') + 1), "ld-musl-");
  }
  // Its own name, and that of Alpine; glibc's is libc.so.6.
  return std::any_of(needed.begin(), needed.end(), [](absl::string_view name) {
    return name == "libc.so" || absl::StartsWith(name, "libc.musl-");
  });
}

std::string ElfFile::machine_name() const {
  const absl::string_view name = family(machine);
  // x32: the 64-bit instruction set with 32-bit addresses.
  if (machine == EM_X86_64 && elf_class == ELFCLASS32) return "x32";
  std::string order = byte_order == kNativeOrder ? "" : " (other byte order)";
  return absl::StrCat(elf_class == ELFCLASS64 ? "64" : "32", "-bit ",
                      name.empty() ? absl::StrCat("machine ", machine) : name, order);
}

std::optional<ElfFile> read_elf(int fd) {
  // The start is laid out alike in all classes.
  Elf32_Ehdr start;
  if (!read_at(fd, 0, &start) || memcmp(start.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;

  ElfFile file;
  file.elf_class = start.e_ident[EI_CLASS];
  file.byte_order = start.e_ident[EI_DATA];
  file.machine = start.e_machine;
  if (file.byte_order != kNativeOrder) {
    file.machine = __builtin_bswap16(start.e_machine);
    return file;
  }
  bool whole = false;
  if (file.elf_class == ELFCLASS64) {
    whole = read_segments<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(fd, &file);
  } else if (file.elf_class == ELFCLASS32) {
    whole = read_segments<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(fd, &file);
  }
  if (!whole) return std::nullopt;
  return file;
}

}  // namespace anysplice::tools
