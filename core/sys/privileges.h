// Whether the program runs with more rights than its user.
#ifndef ANYSPLICE_CORE_SYS_PRIVILEGES_H_
#define ANYSPLICE_CORE_SYS_PRIVILEGES_H_

namespace anysplice {

// Async-signal-safe, and right before libc is initialized.
bool runs_privileged();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PRIVILEGES_H_
