// A library that is loaded by dlopen(3), and uses libc by names that are bound within it.
#ifndef ANYSPLICE_TESTS_HAZARDS_LOADER_LIBRARY_H_
#define ANYSPLICE_TESTS_HAZARDS_LOADER_LIBRARY_H_

#include <sys/types.h>

struct LoadedCalls {
  ssize_t (*read)(int, void*, size_t);
  ssize_t (*write)(int, const void*, size_t);
  int (*close)(int);
  int (*pipe)(int*);
  void* (*next)(const char* name);  // dlsym(RTLD_NEXT, name), asked from within the library
};

extern "C" const LoadedCalls* loaded_calls();

// How often its own read, if it has one, was called.
extern "C" int wrapped_reads();

#endif  // ANYSPLICE_TESTS_HAZARDS_LOADER_LIBRARY_H_
