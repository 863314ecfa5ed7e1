// The function behind one of our symbols: the next object's.
//
// The constructor binds what exists (bind_at_load). What is called before it, or does not exist, is
// bound at its first use by dlsym, which allocates only to describe a failure.
//
// Thread-safe: threads that bind at the same time find the same function. Async-signal-safe once
// bound.
#ifndef ANYSPLICE_SHIM_REAL_H_
#define ANYSPLICE_SHIM_REAL_H_

#include <dlfcn.h>
#include <errno.h>

#include <atomic>
#include <type_traits>

namespace anysplice::shim {

// What a missing function does: fails with ENOSYS, in the way its return type allows.
template <typename Signature>
struct Missing;

template <typename R, typename... A>
struct Missing<R(A...)> {
  static R call(A...) {
    errno = ENOSYS;
    if constexpr (std::is_pointer_v<R>) return nullptr;
    if constexpr (std::is_integral_v<R>) return static_cast<R>(-1);
  }
};

template <typename Signature>
Signature* bind(std::atomic<Signature*>& bound, const char* name) {
  Signature* function = bound.load(std::memory_order_relaxed);
  if (function != nullptr) return function;
  function = reinterpret_cast<Signature*>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) function = &Missing<Signature>::call;
  bound.store(function, std::memory_order_relaxed);
  return function;
}

// Binds all that the objects behind this one have: the engine's seam, the rows of symbols.def, and
// vfork. For the constructor.
class NextObjects;
void bind_seam(const NextObjects& next);
void bind_rows(const NextObjects& next);
void bind_vfork(const NextObjects& next);

// A place whose function was looked up; one that was bound already, or is not there, stays.
template <typename Signature>
void bind_to(std::atomic<Signature*>& bound, void* found) {
  if (found != nullptr) bound.store(reinterpret_cast<Signature*>(found), std::memory_order_relaxed);
}

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_REAL_H_
