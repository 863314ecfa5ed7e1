// The function behind one of our symbols: the next object's.
//
// It is looked up at its first use, in the objects behind this one, at no system call. What is in
// none of them is found by dlsym, which allocates only to describe a failure.
//
// Thread-safe: threads that bind at the same time find the same function. Async-signal-safe once
// the constructor has run.
#ifndef ANYSPLICE_SHIM_REAL_H_
#define ANYSPLICE_SHIM_REAL_H_

#include <dlfcn.h>
#include <errno.h>

#include <atomic>
#include <type_traits>

#include "shim/next_objects.h"
#include "shim/older_libc.h"

namespace anysplice::shim {

// What a missing function does: fails with ENOSYS, in the way its return type allows.
template <typename Signature>
struct Missing;

template <typename R, typename... A>
struct Missing<R(A...)> {
  static R call(A...) {
    if constexpr (!std::is_void_v<R>) errno = ENOSYS;
    if constexpr (std::is_pointer_v<R>) return nullptr;
    if constexpr (std::is_integral_v<R>) return static_cast<R>(-1);
  }
};

template <typename Signature>
Signature* bind(std::atomic<Signature*>& bound, const char* name) {
  Signature* function = bound.load(std::memory_order_relaxed);
  if (function != nullptr) return function;
  function = reinterpret_cast<Signature*>(next_objects::find(name));
  if (function == nullptr) function = reinterpret_cast<Signature*>(instead_of(name));
  if (function == nullptr) function = reinterpret_cast<Signature*>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) function = &Missing<Signature>::call;
  bound.store(function, std::memory_order_relaxed);
  return function;
}

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_REAL_H_
