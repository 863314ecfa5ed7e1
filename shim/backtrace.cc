#include "shim/backtrace.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <unistd.h>
#include <unwind.h>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/memory/reuse.h"

namespace anysplice::shim {
namespace {

// The unwinder and the table of objects are those of the system's libgcc and libc (glibc 2.35):
// neither allocates, and both find an object without the loader's lock.
decltype(&_Unwind_Backtrace) unwind;
decltype(&_Unwind_GetIP) address_of;

#ifdef DLFO_EH_SEGMENT_TYPE
decltype(&_dl_find_object) find_object;
#endif

ANYSPLICE_SELDOM char program[PATH_MAX];

struct Object {
  const char* path;
  uintptr_t base;  // what its own addresses count from
  uintptr_t start;
};

bool find(uintptr_t address, Object* object) {
#ifdef DLFO_EH_SEGMENT_TYPE
  dl_find_object found;
  if (find_object == nullptr || find_object(reinterpret_cast<void*>(address), &found) != 0) {
    return false;
  }
  const link_map* const map = found.dlfo_link_map;
  // The program itself has no name there.
  object->path = map->l_name != nullptr && map->l_name[0] != '\0' ? map->l_name : program;
  object->base = map->l_addr;
  object->start = reinterpret_cast<uintptr_t>(found.dlfo_map_start);
  return true;
#else
  static_cast<void>(address);
  static_cast<void>(object);
  return false;
#endif
}

struct Walk {
  uintptr_t* to;
  size_t most;
  size_t count;
  uintptr_t own_start;  // of this object, whose frames are left out
};

_Unwind_Reason_Code step(_Unwind_Context* context, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  const uintptr_t address = address_of(context);
  if (address == 0 || walk.count == walk.most) return _URC_END_OF_STACK;
  Object object;
  if (find(address, &object) && object.start == walk.own_start) return _URC_NO_REASON;
  walk.to[walk.count++] = address;
  return _URC_NO_REASON;
}

size_t walk(uintptr_t* to, size_t most) {
  Object us;
  const auto here = reinterpret_cast<uintptr_t>(&walk);
  Walk along{to, most, 0, find(here, &us) ? us.start : 0};
  unwind(step, &along);
  return along.count;
}

const char* locate(uintptr_t address, uintptr_t* offset) {
  Object object;
  if (!find(address, &object)) return nullptr;
  *offset = address - object.base;
  return object.path;
}

constexpr reuse::Host kHost = {.walk = walk, .locate = locate, .program = program};

}  // namespace

ANYSPLICE_AT_START void start_backtrace() {
  if (!reuse::on()) return;
  const KeepErrno keep;
  const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
  program[length > 0 ? length : 0] = '\0';
#ifdef DLFO_EH_SEGMENT_TYPE
  find_object = reinterpret_cast<decltype(find_object)>(dlsym(RTLD_DEFAULT, "_dl_find_object"));
#endif
  void* const libgcc = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
  if (libgcc == nullptr) return;
  unwind = reinterpret_cast<decltype(unwind)>(dlsym(libgcc, "_Unwind_Backtrace"));
  address_of = reinterpret_cast<decltype(address_of)>(dlsym(libgcc, "_Unwind_GetIP"));
  if (unwind == nullptr || address_of == nullptr) return;
  uintptr_t first[1];
  walk(first, 1);  // what it prepares at its first use it prepares now
  reuse::use(&kHost);
}

}  // namespace anysplice::shim
