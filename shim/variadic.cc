// Functions whose variable arguments must be walked: each collects them and goes on through the
// table's function that takes them as a list.
#include <alloca.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

namespace {

// The arguments from `first` up to the null pointer, on the caller's stack (no allocation: we may
// be in a vfork child).
#define COLLECT(argv, first)                                              \
  va_list list;                                                           \
  va_start(list, first);                                                  \
  size_t count = 1;                                                       \
  while (va_arg(list, char*) != nullptr) ++count;                         \
  va_end(list);                                                           \
  char** argv = static_cast<char**>(alloca((count + 1) * sizeof(char*))); \
  va_start(list, first);                                                  \
  argv[0] = const_cast<char*>(first);                                     \
  for (size_t i = 1; i <= count; ++i) argv[i] = va_arg(list, char*)

#define EXPORTED(symbol) __attribute__((visibility("default"))) int anysplice_shim_##symbol

}  // namespace

extern "C" {

EXPORTED(execl)(const char* path, const char* arg, ...) __asm__("execl");
EXPORTED(execlp)(const char* path, const char* arg, ...) __asm__("execlp");
EXPORTED(execle)(const char* path, const char* arg, ...) __asm__("execle");
EXPORTED(dprintf)(int fd, const char* format, ...) __asm__("dprintf");
EXPORTED(scanf)(const char* format, ...) __asm__("scanf");
EXPORTED(fscanf)(FILE* file, const char* format, ...) __asm__("fscanf");
EXPORTED(isoc99_scanf)(const char* format, ...) __asm__("__isoc99_scanf");
EXPORTED(isoc99_fscanf)(FILE* file, const char* format, ...) __asm__("__isoc99_fscanf");
int anysplice_isoc99_vfscanf(FILE*, const char*, va_list) __asm__("__isoc99_vfscanf");
int anysplice_vfscanf(FILE*, const char*, va_list) __asm__("vfscanf");

EXPORTED(execl)(const char* path, const char* arg, ...) {
  COLLECT(argv, arg);
  va_end(list);
  return execv(path, argv);
}

EXPORTED(execlp)(const char* path, const char* arg, ...) {
  COLLECT(argv, arg);
  va_end(list);
  return execvp(path, argv);
}

EXPORTED(execle)(const char* path, const char* arg, ...) {
  COLLECT(argv, arg);
  char** envp = va_arg(list, char**);
  va_end(list);
  return execve(path, argv, envp);
}

EXPORTED(dprintf)(int fd, const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = vdprintf(fd, format, list);
  va_end(list);
  return n;
}

EXPORTED(scanf)(const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = anysplice_vfscanf(stdin, format, list);
  va_end(list);
  return n;
}

EXPORTED(fscanf)(FILE* file, const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = anysplice_vfscanf(file, format, list);
  va_end(list);
  return n;
}

EXPORTED(isoc99_scanf)(const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = anysplice_isoc99_vfscanf(stdin, format, list);
  va_end(list);
  return n;
}

EXPORTED(isoc99_fscanf)(FILE* file, const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = anysplice_isoc99_vfscanf(file, format, list);
  va_end(list);
  return n;
}

}  // extern "C"
