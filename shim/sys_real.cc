// The engine's seam, bound to the functions behind our own symbols.
//
// Every entry starts as a function that finds the real one, writes it over itself, and calls it.
#include "core/sys/sys.h"
#ifdef ANYSPLICE_HOST_BY_NUMBER
#include "core/sys/linux/by_number.h"
#endif
#include "shim/real.h"

namespace anysplice {
namespace {

template <typename Signature>
struct FirstUse;

template <typename R, typename... A>
struct FirstUse<R(A...)> {
  template <R (*Sys::*Entry)(A...), const char* Name>
  static R call(A... args) {
    std::atomic<R (*)(A...)> bound{nullptr};
    R (*const real)(A...) = shim::bind(bound, Name);
    __atomic_store_n(&(sys_table.*Entry), real, __ATOMIC_RELAXED);
    return real(args...);
  }
};

#define SYS(ret, name, params) constexpr char name_##name[] = #name;
#if defined(__GLIBC__) && !defined(__LP64__)
#define SYS_LARGE(ret, name, name64, params) constexpr char name_##name[] = #name64;
#endif
#ifdef ANYSPLICE_HOST_BY_NUMBER
#define SYS_NATIVE(ret, name, params)
#define SYS_NUMBERED(ret, name, name64, params)
#endif
#include "core/sys/calls.def"

}  // namespace

Sys sys_table = {
#ifdef ANYSPLICE_POSIX
#define SYS_NATIVE(ret, name, params) .name = &shim::Missing<ret params>::call,
#elif defined(ANYSPLICE_HOST_BY_NUMBER)
#define SYS_NATIVE(ret, name, params) .name = &by_number::name,
#endif
#ifdef ANYSPLICE_HOST_BY_NUMBER
#define SYS_NUMBERED(ret, name, name64, params) .name = &by_number::name,
#endif
#define SYS(ret, name, params) .name = &FirstUse<ret params>::call<&Sys::name, name_##name>,
#include "core/sys/calls.def"
};

}  // namespace anysplice
