// Which programs can be helped: ELF headers and scripts made for the purpose.
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/catch.h"
#include "tools/elf_file.h"
#include "tools/library_path.h"
#include "tools/program.h"

namespace anysplice::tools {
namespace {

// The smallest file with the header of a program: no interpreter, no dynamic section.
std::string static_elf(uint16_t type = ET_EXEC) {
  Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = type;
  header.e_machine = EM_X86_64;
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header));
}

// A position-independent program: one dynamic section that says so.
std::string static_pie_elf() {
  std::string bytes = static_elf(ET_DYN);
  Elf64_Phdr segment = {};
  segment.p_type = PT_DYNAMIC;
  segment.p_offset = sizeof(Elf64_Ehdr) + sizeof(segment);
  segment.p_filesz = 2 * sizeof(Elf64_Dyn);
  Elf64_Dyn dynamic[2] = {};
  dynamic[0].d_tag = DT_FLAGS_1;
  dynamic[0].d_un.d_val = DF_1_PIE;
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header->e_phoff = sizeof(Elf64_Ehdr);
  header->e_phnum = 1;
  bytes.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
  bytes.append(reinterpret_cast<const char*>(dynamic), sizeof(dynamic));
  return bytes;
}

std::optional<ElfFile> read_bytes(const std::string& bytes) {
  const int fd = memfd_create("elf", MFD_CLOEXEC);
  REQUIRE(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  const auto file = read_elf(fd);
  close(fd);
  return file;
}

class TemporaryFolder {
 public:
  TemporaryFolder() { REQUIRE(mkdtemp(path_) != nullptr); }
  ~TemporaryFolder() { CHECK(system(absl::StrCat("rm -r ", path_).c_str()) == 0); }

  std::string add(const char* name, const std::string& text, mode_t mode = 0755) const {
    const std::string path = absl::StrCat(path_, "/", name);
    std::ofstream(path) << text;
    CHECK(chmod(path.c_str(), mode) == 0);
    return path;
  }
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/anysplice-unit-XXXXXX";
};

// This test program serves as a library of the right machine.
absl::Status check(const std::string& path, bool no_new_privs = false) {
  return check_preloadable(path, own_path(), no_new_privs);
}

TEST_CASE("ELF headers", "[tools]") {
  const int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const auto own = read_elf(self);
  close(self);
  REQUIRE(own);
  CHECK_FALSE(own->is_static);
  CHECK_FALSE(own->interpreter.empty());
  CHECK(own->same_machine(*own));
  CHECK(std::count(own->needed.begin(), own->needed.end(), "libc.so.6") == 1);
  CHECK_FALSE(own->uses_musl());

  CHECK(read_bytes(static_elf())->is_static);
  CHECK(read_bytes(static_elf())->machine_name() == "64-bit x86");
  CHECK(read_bytes(static_pie_elf())->is_static);
  CHECK_FALSE(read_bytes(static_elf(ET_DYN))->is_static);  // a library, or the loader itself
}

TEST_CASE("the C library of a program, and of a library", "[tools]") {
  ElfFile file;
  CHECK_FALSE(file.uses_musl());
  file.interpreter = "/lib/ld-musl-x86_64.so.1";
  CHECK(file.uses_musl());
  file.needed = {"libc.so.6"};  // the loader decides
  CHECK(file.uses_musl());
  file.interpreter = "/lib64/ld-linux-x86-64.so.2";
  CHECK_FALSE(file.uses_musl());
  file.interpreter = "";
  for (const auto& [name, musl] : {std::pair("libc.so.6", false), std::pair("libc.so", true),
                                   std::pair("libc.musl-aarch64.so.1", true)}) {
    file.needed = {"libm.so.6", name};
    CHECK(file.uses_musl() == musl);
  }
}

TEST_CASE("which library fits", "[tools]") {
  const TemporaryFolder folder;
  std::string bytes = static_elf();
  const std::string loader = "/lib/ld-musl-x86_64.so.1";
  Elf64_Phdr segment = {};
  segment.p_type = PT_INTERP;
  segment.p_offset = sizeof(Elf64_Ehdr) + sizeof(segment);
  segment.p_filesz = loader.size() + 1;
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header->e_phoff = sizeof(Elf64_Ehdr);
  header->e_phnum = 1;
  bytes.append(reinterpret_cast<const char*>(&segment), sizeof(segment));
  bytes.append(loader.c_str(), loader.size() + 1);
  const std::string musl = folder.add("musl", bytes);
  const std::string script = folder.add("script", absl::StrCat("#!", musl, "\n"));
  for (const std::string& path : {musl, script}) {
    CHECK(libc_of(path) == Libc::kMusl);
    CHECK_THAT(std::string(check(path).message()), Catch::Contains("another C library"));
    CHECK(check(path).code() == absl::StatusCode::kUnavailable);
    const auto none = check_preloadable(path, absl::NotFoundError("none"), false);
    CHECK(none.code() == absl::StatusCode::kUnavailable);
    CHECK_THAT(std::string(none.message()), Catch::Contains("for musl") && Catch::Contains("none"));
  }
  CHECK(libc_of(own_path()) == Libc::kGlibc);
  CHECK(libc_of(folder.add("static", static_elf())) == libc_of("/bin/sh"));
  CHECK(check_preloadable(own_path(), absl::NotFoundError("none"), false).code() ==
        absl::StatusCode::kNotFound);
}

TEST_CASE("files that are no whole ELF file", "[tools]") {
  CHECK_FALSE(read_bytes(""));
  CHECK_FALSE(read_bytes("#!/bin/sh\n"));
  CHECK_FALSE(read_bytes("\177ELF"));
  std::string cut = static_elf();
  cut.resize(cut.size() - 1);
  CHECK_FALSE(read_bytes(cut));
  std::string lying = static_elf();
  reinterpret_cast<Elf64_Ehdr*>(lying.data())->e_phnum = 0xffff;
  reinterpret_cast<Elf64_Ehdr*>(lying.data())->e_phoff = UINT64_MAX - 7;
  CHECK_FALSE(read_bytes(lying));
}

TEST_CASE("programs of other machines", "[tools]") {
  std::string bytes = static_elf();
  auto* header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
  header->e_ident[EI_DATA] = ELFDATA2MSB;
  header->e_machine = __builtin_bswap16(EM_PPC64);
  CHECK(read_bytes(bytes)->machine_name() == "64-bit POWER (other byte order)");
  CHECK_FALSE(read_bytes(bytes)->same_machine(*read_bytes(static_elf())));

  const TemporaryFolder folder;
  const std::string power = folder.add("power", bytes);
  CHECK_THAT(std::string(check(power).message()), Catch::Contains("is a program for 64-bit POWER"));
}

TEST_CASE("static programs are told, also behind scripts", "[tools]") {
  const TemporaryFolder folder;
  const std::string program = folder.add("program", static_elf());
  const std::string script = folder.add("script", absl::StrCat("#! ", program, " -x\n"));
  const std::string outer = folder.add("outer", absl::StrCat("#!", script, "\n"));
  for (const std::string& path : {program, script, outer}) {
    const absl::Status status = check(path);
    CHECK(status.code() == absl::StatusCode::kUnimplemented);
    CHECK_THAT(std::string(status.message()),
               Catch::Contains(path) && Catch::Contains("statically linked"));
  }
  CHECK(check(folder.add("shell", "#!/bin/sh\n")).ok());
  CHECK(check(folder.add("text", "echo no first line\n")).ok());
  CHECK(check(folder.add("empty", "")).ok());
  CHECK(check(folder.add("loop", absl::StrCat("#!", folder.path(), "/loop\n"))).ok());
  CHECK(check(folder.add("orphan", "#!/nosuch/interpreter\n")).code() ==
        absl::StatusCode::kNotFound);
}

TEST_CASE("a program that changes its user is told", "[tools]") {
  if (geteuid() != 0) {
    WARN("skipped: only root can make such a file");
    return;
  }
  const TemporaryFolder folder;
  const std::string shell = folder.path() + "/sh";
  REQUIRE(system(absl::StrCat("cp /bin/sh ", shell).c_str()) == 0);
  REQUIRE(chown(shell.c_str(), 1, 1) == 0);
  CHECK(check(shell).ok());
  REQUIRE(chmod(shell.c_str(), 04755) == 0);
  CHECK_THAT(std::string(check(shell).message()), Catch::Contains("is set-uid"));
  CHECK(check(shell, /*no_new_privs=*/true).ok());
  REQUIRE(chmod(shell.c_str(), 02755) == 0);
  CHECK_THAT(std::string(check(shell).message()), Catch::Contains("is set-gid"));
  REQUIRE(chmod(shell.c_str(), 02745) == 0);
  CHECK(check(shell).ok());
  const std::string script = folder.add("script", absl::StrCat("#!", shell, "\n"), 06755);
  CHECK(check(script).ok());  // the bits of a script have no effect
}

TEST_CASE("finding programs", "[tools]") {
  const TemporaryFolder folder;
  folder.add("plain", "", 0644);
  const std::string tool = folder.add("tool", "");
  const std::string before = getenv("PATH");
  setenv("PATH", absl::StrCat("/nosuch:", folder.path(), ":/bin").c_str(), 1);
  CHECK(*find_program("tool") == tool);
  CHECK(find_program("sh").ok());
  CHECK(find_program("plain").status().code() == absl::StatusCode::kPermissionDenied);
  CHECK(find_program("no such program").status().code() == absl::StatusCode::kNotFound);
  CHECK(find_program("").status().code() == absl::StatusCode::kNotFound);
  setenv("PATH", before.c_str(), 1);
  CHECK(*find_program(tool) == tool);
  CHECK(find_program(folder.path()).status().code() == absl::StatusCode::kPermissionDenied);
  CHECK(find_program(tool + "/x").status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace anysplice::tools
