// Which implementation of core/sys the engine was built with (-Dplatform).
#ifndef ANYSPLICE_CORE_SYS_PLATFORM_H_
#define ANYSPLICE_CORE_SYS_PLATFORM_H_

namespace anysplice {

// Nothing but POSIX.1-2008, mmap and poll, on whatever system.
#ifdef ANYSPLICE_POSIX
inline constexpr bool kPosixPlatform = true;
#else
inline constexpr bool kPosixPlatform = false;
#endif

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PLATFORM_H_
