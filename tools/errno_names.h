// Error numbers by name; the way back is parse_errno() in core/base/errno_names.h.
#ifndef ANYSPLICE_TOOLS_ERRNO_NAMES_H_
#define ANYSPLICE_TOOLS_ERRNO_NAMES_H_

#include <string>

namespace anysplice::tools {

// "ENOSYS" for 38; the number itself where it has no name.
std::string errno_name(int error);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_ERRNO_NAMES_H_
