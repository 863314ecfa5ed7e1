#include "tools/function_names.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {
namespace {

// More than any object or name that is one.
constexpr size_t kMostBytes = 1 << 30;
constexpr size_t kMostFunctions = 1 << 22;
constexpr size_t kLongestName = 4096;

// Of a file, and of nothing that waits or never ends: the path may be any process's word.
std::string content_of(const std::string& path) {
  std::string content;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return content;
  struct stat status;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
      static_cast<size_t>(status.st_size) <= kMostBytes) {
    content.resize(static_cast<size_t>(status.st_size));
    size_t done = 0;
    for (ssize_t n; done < content.size() &&
                    (n = read(fd, content.data() + done, content.size() - done)) > 0;) {
      done += static_cast<size_t>(n);
    }
    content.resize(done);
  }
  close(fd);
  return content;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&free)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), free);
  return status == 0 ? text.get() : name;
}

}  // namespace

// Of a file of this machine's byte order, whose numbers are not believed.
struct FunctionNames::Reader {
  absl::string_view file;

  template <typename T>
  bool get(uint64_t offset, T* value) const {
    if (offset > file.size() || sizeof(T) > file.size() - offset) return false;
    memcpy(value, file.data() + offset, sizeof(T));
    return true;
  }

  std::string text(uint64_t offset) const {
    if (offset >= file.size()) return "";
    const absl::string_view rest = file.substr(offset, kLongestName);
    return std::string(rest.substr(0, std::min(rest.find('\0'), rest.size())));
  }

  template <typename Ehdr, typename Shdr, typename Sym>
  std::vector<Function> functions(uint32_t type) const {
    std::vector<Function> found;
    Ehdr header;
    if (!get(0, &header)) return found;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
      Shdr section;
      Shdr names;
      if (!get(header.e_shoff + uint64_t{i} * sizeof(Shdr), &section)) break;
      if (section.sh_type != type) continue;
      if (!get(header.e_shoff + uint64_t{section.sh_link} * sizeof(Shdr), &names)) break;
      for (uint64_t at = 0; at + sizeof(Sym) <= section.sh_size; at += sizeof(Sym)) {
        Sym symbol;
        if (found.size() == kMostFunctions || !get(section.sh_offset + at, &symbol)) break;
        const unsigned kind = symbol.st_info & 0xf;
        if ((kind != STT_FUNC && kind != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF) continue;
        found.push_back({symbol.st_value, symbol.st_size, text(names.sh_offset + symbol.st_name)});
      }
    }
    return found;
  }

  // In lower case, or empty.
  template <typename Ehdr, typename Shdr>
  std::string build_id() const {
    Ehdr header;
    if (!get(0, &header)) return "";
    for (unsigned i = 0; i < header.e_shnum; ++i) {
      Shdr section;
      Elf32_Nhdr note;  // the same for both classes
      if (!get(header.e_shoff + uint64_t{i} * sizeof(Shdr), &section)) break;
      if (section.sh_type != SHT_NOTE || !get(section.sh_offset, &note)) continue;
      const uint64_t at = section.sh_offset + sizeof(note) + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type != NT_GNU_BUILD_ID || at > file.size()) continue;
      return absl::BytesToHexString(file.substr(at, std::min<size_t>(note.n_descsz, 64)));
    }
    return "";
  }

  template <typename Ehdr, typename Shdr, typename Sym>
  std::vector<Function> best() const {
    std::vector<Function> all = functions<Ehdr, Shdr, Sym>(SHT_SYMTAB);
    if (!all.empty()) return all;
    if (const std::string id = build_id<Ehdr, Shdr>(); id.size() > 2) {
      const std::string debug = content_of(
          absl::StrCat("/usr/lib/debug/.build-id/", id.substr(0, 2), "/", id.substr(2), ".debug"));
      all = Reader{debug}.functions<Ehdr, Shdr, Sym>(SHT_SYMTAB);
    }
    return all.empty() ? functions<Ehdr, Shdr, Sym>(SHT_DYNSYM) : all;
  }
};

std::vector<FunctionNames::Function> FunctionNames::read(const std::string& path) {
  const std::string content = content_of(path);
  const Reader reader{content};
  if (content.size() < EI_NIDENT || memcmp(content.data(), ELFMAG, SELFMAG) != 0) return {};
  std::vector<Function> all = content[EI_CLASS] == ELFCLASS64
                                  ? reader.best<Elf64_Ehdr, Elf64_Shdr, Elf64_Sym>()
                                  : reader.best<Elf32_Ehdr, Elf32_Shdr, Elf32_Sym>();
  std::stable_sort(all.begin(), all.end(),
                   [](const Function& a, const Function& b) { return a.start < b.start; });
  return all;
}

std::string FunctionNames::name_of(const std::string& object, uint64_t return_address) {
  auto known = objects_.find(object);
  if (known == objects_.end()) known = objects_.emplace(object, read(object)).first;
  const std::vector<Function>& all = known->second;
  const uint64_t call = return_address - 1;  // which may be the function's last instruction
  const auto next =
      std::upper_bound(all.begin(), all.end(), call,
                       [](uint64_t address, const Function& f) { return address < f.start; });
  if (next == all.begin()) return "";
  const Function& function = *std::prev(next);
  return call - function.start < function.size ? demangled(function.name.c_str()) : "";
}

}  // namespace anysplice::tools
