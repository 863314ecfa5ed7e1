// Names of errno values. Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_BASE_ERRNO_NAMES_H_
#define ANYSPLICE_CORE_BASE_ERRNO_NAMES_H_

namespace anysplice {

// "EPERM" or a number from 1 to 4095; 0 if the text is neither.
int parse_errno(const char* text);

// "EPERM", or null if the number has no name.
const char* name_of_errno(int error);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_BASE_ERRNO_NAMES_H_
