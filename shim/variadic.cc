// Functions whose variable arguments must be walked: each collects them and goes on through the
// table's function that takes them as a list.
#include <alloca.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <wchar.h>

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

// A scanf of stdin or of a stream, by the table's function that takes a list.
#define BY_LIST(symbol, list, type, stream, params)                           \
  int anysplice_list_of_##symbol(FILE*, const type*, va_list) __asm__(#list); \
  EXPORTED(symbol) params __asm__(#symbol);                                   \
  EXPORTED(symbol) params {                                                   \
    va_list arguments;                                                        \
    va_start(arguments, format);                                              \
    const int n = anysplice_list_of_##symbol(stream, format, arguments);      \
    va_end(arguments);                                                        \
    return n;                                                                 \
  }
#define SCANF(symbol, list, type) BY_LIST(symbol, list, type, stdin, (const type* format, ...))
#define FSCANF(symbol, list, type) \
  BY_LIST(symbol, list, type, file, (FILE * file, const type* format, ...))

}  // namespace

extern "C" {

EXPORTED(execl)(const char* path, const char* arg, ...) __asm__("execl");
EXPORTED(execlp)(const char* path, const char* arg, ...) __asm__("execlp");
EXPORTED(execle)(const char* path, const char* arg, ...) __asm__("execle");
EXPORTED(dprintf)(int fd, const char* format, ...) __asm__("dprintf");

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

int anysplice_vdprintf_chk(int fd, int flag, const char* format, va_list) __asm__("__vdprintf_chk");
EXPORTED(dprintf_chk)(int fd, int flag, const char* format, ...) __asm__("__dprintf_chk");
EXPORTED(dprintf_chk)(int fd, int flag, const char* format, ...) {
  va_list list;
  va_start(list, format);
  const int n = anysplice_vdprintf_chk(fd, flag, format, list);
  va_end(list);
  return n;
}

SCANF(scanf, vfscanf, char)
SCANF(wscanf, vfwscanf, wchar_t)
SCANF(__isoc99_scanf, __isoc99_vfscanf, char)
SCANF(__isoc99_wscanf, __isoc99_vfwscanf, wchar_t)
SCANF(__isoc23_scanf, __isoc23_vfscanf, char)
SCANF(__isoc23_wscanf, __isoc23_vfwscanf, wchar_t)
FSCANF(fscanf, vfscanf, char)
FSCANF(fwscanf, vfwscanf, wchar_t)
FSCANF(__isoc99_fscanf, __isoc99_vfscanf, char)
FSCANF(__isoc99_fwscanf, __isoc99_vfwscanf, wchar_t)
FSCANF(__isoc23_fscanf, __isoc23_vfscanf, char)
FSCANF(__isoc23_fwscanf, __isoc23_vfwscanf, wchar_t)

}  // extern "C"
