// The memory that the steps of a program read and write: made before the first program, inherited
// by all processes, never in the way of a loss: what is written is tagged all over.
#ifndef ANYSPLICE_TESTS_FUZZ_MEMORY_H_
#define ANYSPLICE_TESTS_FUZZ_MEMORY_H_

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <string_view>

namespace fuzz {

inline constexpr size_t kPage = 4096;
inline constexpr size_t kPattern = 8 << 20;
inline constexpr size_t kBuffer = 2 << 20;

// Maps and fills it; once.
void make_memory();
// What is written: eight characters at a time tell where they are from ("0001f3a;"). It never
// changes, because a kernel's pipe may refer to it.
const char* pattern();
// The same bytes, for a program that does not have this memory.
std::string pattern_at(size_t from, size_t count);
// Where side 0 (the kernel) or 1 (the engine) puts what it reads; no access is allowed behind it.
char* buffer(int side);
// No access is allowed to this address.
char* nowhere();

// Where two strings differ, with what is there.
std::string difference(std::string_view kernel, std::string_view engine);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_MEMORY_H_
