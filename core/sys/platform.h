// Which implementation of core/sys a test was linked with (-Dplatform).
#ifndef ANYSPLICE_CORE_SYS_PLATFORM_H_
#define ANYSPLICE_CORE_SYS_PLATFORM_H_

namespace anysplice {

// Nothing but POSIX.1-2008, mmap and poll, on whatever system. Known when linking only, so that
// tests are compiled once for both.
extern const bool kPosixPlatform;

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PLATFORM_H_
