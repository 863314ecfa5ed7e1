// Built thrice: plain, and as a wrapper of read that gets libc's by RTLD_NEXT or by libc's handle.
#include "loader_library.h"

#include <dlfcn.h>
#include <unistd.h>

#ifdef WRAPPER_ASKS
namespace {

int reads = 0;

}  // namespace

extern "C" ssize_t read(int fd, void* buffer, size_t length) {
  using Read = ssize_t(int, void*, size_t);
  static Read* const real = reinterpret_cast<Read*>(dlsym(WRAPPER_ASKS, "read"));
  ++reads;
  return real(fd, buffer, length);
}

int wrapped_reads() { return reads; }
#else
int wrapped_reads() { return 0; }
#endif

const LoadedCalls* loaded_calls() {
  static const LoadedCalls calls = {
      [](int fd, void* buffer, size_t length) { return read(fd, buffer, length); },
      [](int fd, const void* buffer, size_t length) { return write(fd, buffer, length); },
      [](int fd) { return close(fd); },
      [](int* fds) { return pipe(fds); },
      [](const char* name) { return dlsym(RTLD_NEXT, name); },
  };
  return &calls;
}
