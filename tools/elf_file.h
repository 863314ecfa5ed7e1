// What the header of an ELF file tells about how it is started.
#ifndef ANYSPLICE_TOOLS_ELF_FILE_H_
#define ANYSPLICE_TOOLS_ELF_FILE_H_

#include <stdint.h>

#include <optional>
#include <string>
#include <vector>

namespace anysplice::tools {

struct ElfFile {
  uint8_t elf_class = 0;  // ELFCLASS32, ELFCLASS64
  uint8_t byte_order = 0;
  uint16_t machine = 0;
  // A program that the dynamic loader does not see. The loader itself, run as a program, and other
  // shared objects are not static.
  bool is_static = false;
  bool is_go = false;               // linked by Go's linker, or by another one for it
  std::string interpreter;          // the dynamic loader it asks for; empty if none
  std::vector<std::string> needed;  // the shared objects it asks for, as it names them

  // Whether its C library is musl, by the loader that it asks for, or else by the objects.
  bool uses_musl() const;
  bool same_machine(const ElfFile& other) const;
  std::string machine_name() const;  // "32-bit x86"
};

// nullopt for anything that is not a complete ELF file: the kernel will report that itself.
// Files of the other byte order are read only as far as same_machine() needs.
std::optional<ElfFile> read_elf(int fd);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_ELF_FILE_H_
