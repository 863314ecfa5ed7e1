// Bytes to tell apart, and how they and errors are printed.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_TEXT_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_TEXT_H_

#include <stddef.h>

#include <string>
#include <string_view>

namespace oracle {

// The same n bytes for the same seed; letters, so that differences can be read.
std::string bytes(size_t n, unsigned seed = 1);
// "100 bytes #1a2b3c4d 'abcdefgh...'"
std::string describe(std::string_view data);
const char* errno_name(int error);
// "SIGPIPE"; "signal 35" if it has no name that is the same everywhere.
std::string signal_name(int signal);

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_TEXT_H_
