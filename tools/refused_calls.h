// Which of the four calls this process may not make: found out by children that try each, since a
// filter may end who makes one.
#ifndef ANYSPLICE_TOOLS_REFUSED_CALLS_H_
#define ANYSPLICE_TOOLS_REFUSED_CALLS_H_

#include <string>

namespace anysplice::tools {

// Their names, with commas between them, as ANYSPLICE_REFUSED wants them. A call counts as refused
// if it fails, with arguments that move nothing, as no kernel that has it would; or if it ends the
// process.
std::string refused_calls();

// The names of those that end the process, in the same way.
std::string deadly_calls();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_REFUSED_CALLS_H_
