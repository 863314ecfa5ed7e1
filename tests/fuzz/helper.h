// The little program that knows nothing of the engine: this one, started once more. It makes one
// read or write of an inherited descriptor.
#ifndef ANYSPLICE_TESTS_FUZZ_HELPER_H_
#define ANYSPLICE_TESTS_FUZZ_HELPER_H_

#include <stddef.h>

#include <string>

namespace fuzz {

inline constexpr size_t kHelperMost = 30'000;  // its answer has to fit into a pipe

// Starts it and waits for its answer: what its call said (with errno set), and what it read. False
// if it could not be started.
bool run_helper(int fd, bool writes, size_t from, size_t length, long* n, std::string* bytes);

// What it does: the arguments after the program's name, if the first says that this is it.
bool is_helper(int argc, char** argv);
int helper_main(char** argv);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_HELPER_H_
