// Ways to libc's functions that lead past the names a program is bound to: dlsym by a handle, as
// ctypes has it, RTLD_NEXT, RTLD_DEEPBIND, a namespace with a libc of its own; and what dlsym and
// dlopen depend on besides their arguments.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "hazard.h"
#include "loader_library.h"

using namespace hazard;

namespace {

template <typename Function>
Function* as(void* symbol) {
  CHECK(symbol != nullptr);
  return reinterpret_cast<Function*>(symbol);
}

void* libc_handle() {
  void* handle = dlopen("libc.so.6", RTLD_NOW);
  if (handle == nullptr) handle = dlopen("libc.so", RTLD_NOW);
  CHECK(handle != nullptr);
  return handle;
}

using Find = std::function<void*(const char*)>;

std::string take_by(const LoadedCalls& calls, int fd, size_t length) {
  std::string bytes(length, '\0');
  const ssize_t n = calls.read(fd, bytes.data(), length);
  CHECK(n >= 0);
  bytes.resize(static_cast<size_t>(n));
  return bytes;
}

// The functions that are found do what the program's own do, on the same pipes.
void use(const Find& find) {
  const LoadedCalls calls = {as<decltype(read)>(find("read")), as<decltype(write)>(find("write")),
                             as<decltype(close)>(find("close")), as<int(int*)>(find("pipe")),
                             nullptr};
  const Teed teed("abcdef");
  CHECK_EQ(take_by(calls, teed.pipe.r, 3), "abc");
  CHECK_EQ(calls.write(teed.pipe.w, "ghi", 3), 3);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 1, 0), 1);
  CHECK_EQ(take(teed.pipe.r, 6), "defghi");
  CHECK_EQ(take_by(calls, teed.copy.r, 9), "abcdefd");

  int fds[2];
  CHECK_EQ(calls.pipe(fds), 0);
  CHECK_EQ(as<decltype(splice)>(find("splice"))(teed.copy.r, nullptr, fds[1], nullptr, 1,
                                                SPLICE_F_NONBLOCK),
           -1);
  CHECK_EQ(errno, EAGAIN);
  put(teed.pipe.w, "jkl");
  CHECK_EQ(as<decltype(tee)>(find("tee"))(teed.pipe.r, fds[1], 3, 0), 3);
  pollfd p{teed.pipe.r, POLLIN, 0};
  CHECK_EQ(as<decltype(poll)>(find("poll"))(&p, 1, 0), 1);
  CHECK_EQ(take_by(calls, fds[0], 2), "jk");
  CHECK_EQ(calls.close(fds[1]), 0);
  CHECK_EQ(take(fds[0], 5), "l");
  CHECK_EQ(calls.close(fds[0]), 0);

  // A number that was closed and is another pipe.
  const int number = teed.pipe.r;
  CHECK_EQ(calls.close(number), 0);
  CHECK_EQ(dup2(teed.copy.r, number), number);
  put(teed.copy.w, "new");
  CHECK_EQ(take_by(calls, number, 3), "new");
}

const LoadedCalls& calls_of(void* library) {
  CHECK(library != nullptr);
  return *as<decltype(loaded_calls)>(dlsym(library, "loaded_calls"))();
}

// A library whose calls are libc's own, whatever the program has preloaded. `load` loads it.
void beside(const std::function<void*()>& load) {
  const Teed before("abcdef");
  const LoadedCalls& calls = calls_of(load());
  CHECK_EQ(take_by(calls, before.pipe.r, 3), "abc");
  CHECK_EQ(tee(before.pipe.r, before.copy.w, 2, 0), 2);
  CHECK_EQ(calls.write(before.pipe.w, "ghi", 3), 3);
  CHECK_EQ(take_by(calls, before.pipe.r, 6), "defghi");
  CHECK_EQ(take_by(calls, before.copy.r, 9), "abcdefde");

  const Teed after("abcdef");
  CHECK_EQ(splice(after.pipe.r, nullptr, after.copy.w, nullptr, 1, 0), 1);
  CHECK_EQ(take_by(calls, after.pipe.r, 2), "bc");
  put(after.pipe.w, "ghi");
  CHECK_EQ(calls.write(after.pipe.w, "jkl", 3), 3);
  CHECK_EQ(take(after.pipe.r, 9), "defghijkl");
  CHECK_EQ(take_by(calls, after.copy.r, 9), "abcdefa");

  // It gives numbers of the program another meaning.
  put(after.pipe.w, "old");
  CHECK_EQ(tee(after.pipe.r, after.copy.w, 3, 0), 3);
  for (const int fd : {after.pipe.r, after.pipe.w}) CHECK_EQ(calls.close(fd), 0);
  int fds[2];
  CHECK_EQ(calls.pipe(fds), 0);
  CHECK_EQ(fds[0], after.pipe.r);
  CHECK_EQ(calls.write(fds[1], "another", 7), 7);
  CHECK_EQ(tee(fds[0], after.copy.w, 7, 0), 7);
  CHECK_EQ(splice(fds[0], nullptr, after.copy.w, nullptr, 4, 0), 4);
  CHECK_EQ(take_by(calls, fds[0], 9), "her");
  CHECK_EQ(take(after.copy.r, 14), "oldanotheranot");
}

// Runs a role with one more library preloaded, before or behind what is there.
void with_preloaded(const char* library, bool first) {
  const std::string path = neighbour(library);
  const char* const there = getenv("LD_PRELOAD");
  const std::string others = there != nullptr ? there : "";
  setenv("LD_PRELOAD", (first ? path + ":" + others : others + ":" + path).c_str(), 1);
  finish(rerun("wrapped", "", file_of("file")));
}

}  // namespace

HAZARD(by_a_handle_of_libc) {
  use([handle = libc_handle()](const char* name) { return dlsym(handle, name); });
}

HAZARD(by_a_handle_of_a_library) {
  void* const handle = dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  CHECK(handle != nullptr);
  use([handle](const char* name) { return dlsym(handle, name); });
}

HAZARD(by_a_handle_of_the_program) {
  use([handle = dlopen(nullptr, RTLD_NOW)](const char* name) { return dlsym(handle, name); });
}

HAZARD(by_no_handle) {
  use([](const char* name) { return dlsym(RTLD_DEFAULT, name); });
  use([](const char* name) { return dlsym(RTLD_NEXT, name); });
}

// The four calls as the loader gives them may be refused.
HAZARD(next_of_a_library) {
  const LoadedCalls& calls = calls_of(dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW));
  use([&](const char* name) {
    const bool may_be_refused = strcmp(name, "splice") == 0 || strcmp(name, "tee") == 0;
    return may_be_refused ? dlsym(RTLD_DEFAULT, name) : calls.next(name);
  });
}

// A plugin with a read of its own, which finds libc's by RTLD_NEXT or by libc's handle.
HAZARD(plugin_that_wraps) {
  for (const char* file : {"libloader_next.so", "libloader_handle.so"}) {
    void* const plugin = dlopen(neighbour(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    CHECK(plugin != nullptr);
    const auto read_by = as<decltype(read)>(dlsym(plugin, "read"));
    const Teed teed("abcdef");
    char bytes[7] = {};
    CHECK_EQ(read_by(teed.pipe.r, bytes, 6), 6);
    CHECK_EQ(std::string(bytes), "abcdef");
    CHECK_EQ(read_by(teed.copy.r, bytes, 6), 6);
    CHECK_EQ(as<decltype(wrapped_reads)>(dlsym(plugin, "wrapped_reads"))(), 2);
  }
}

HAZARD(what_next_does_not_find) {
  CHECK(dlsym(RTLD_NEXT, "there_is_no_such_name") == nullptr);
  CHECK(dlsym(RTLD_NEXT, "read") != nullptr);
  CHECK(dlerror() == nullptr);
  const LoadedCalls& calls = calls_of(dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW));
  CHECK(calls.next("there_is_no_such_name") == nullptr);
  CHECK(calls.next("read") != nullptr);
  CHECK(dlerror() == nullptr);
}

// One function has one address, whoever asks for it.
HAZARD(one_address) {
  for (const char* name : {"read", "strlen", "splice", "dlsym", "dlopen"}) {
    void* const address = dlsym(RTLD_DEFAULT, name);
    CHECK(address != nullptr);
    CHECK(dlsym(libc_handle(), name) == address);
    CHECK(dlsym(RTLD_NEXT, name) == address);
  }
}

#ifdef RTLD_DEEPBIND
HAZARD(by_version) {
  use([handle = libc_handle()](const char* name) {
    void* found = nullptr;
    for (const char* version :
         {"GLIBC_2.2.5", "GLIBC_2.0", "GLIBC_2.1", "GLIBC_2.5", "GLIBC_2.17"}) {
      if (found == nullptr) found = dlvsym(handle, name, version);
    }
    return found;
  });
  CHECK(dlvsym(libc_handle(), "read", "GLIBC_0") == nullptr);
  CHECK(strstr(dlerror(), "GLIBC_0") != nullptr);
}

HAZARD(library_that_binds_deeply) {
  beside([] { return dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW | RTLD_DEEPBIND); });
}

HAZARD(library_that_binds_deeply_and_lazily) {
  beside([] {
    return dlmopen(LM_ID_BASE, neighbour("libloader_plain.so").c_str(), RTLD_LAZY | RTLD_DEEPBIND);
  });
}

HAZARD(library_with_a_libc_of_its_own) {
  beside([] { return dlmopen(LM_ID_NEWLM, neighbour("libloader_plain.so").c_str(), RTLD_NOW); });
}

// What is loaded already binds as it did.
HAZARD(deeply_what_is_there) {
  void* const plain = dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW);
  CHECK(dlopen(neighbour("libloader_plain.so").c_str(), RTLD_NOW | RTLD_DEEPBIND) == plain);
  CHECK(dlopen("libc.so.6", RTLD_NOW | RTLD_DEEPBIND) != nullptr);
  beside([plain] { return plain; });
}
#endif

HAZARD(errors_are_the_programs) {
  void* const handle = libc_handle();
  CHECK(dlsym(handle, "there_is_no_such_name") == nullptr);
  CHECK(strstr(dlerror(), "there_is_no_such_name") != nullptr);
  CHECK(dlerror() == nullptr);
  CHECK(dlopen("there_is_no_such_library.so", RTLD_NOW) == nullptr);
  const Teed teed("abc");
  CHECK(strstr(dlerror(), "there_is_no_such_library.so") != nullptr);
  CHECK(dlopen("there_is_no_such_library.so", RTLD_NOW) == nullptr);
  CHECK(dlsym(handle, "read") != nullptr);
  CHECK(dlerror() == nullptr);
#ifdef RTLD_DEEPBIND
  CHECK(dlopen("there_is_no_such_library.so", RTLD_NOW | RTLD_DEEPBIND) == nullptr);
  CHECK(strstr(dlerror(), "there_is_no_such_library.so") != nullptr);
  CHECK(dlmopen(LM_ID_NEWLM, "there_is_no_such_library.so", RTLD_NOW) == nullptr);
  CHECK(strstr(dlerror(), "there_is_no_such_library.so") != nullptr);
#endif
}

// By the RUNPATH of this program: the loader looks where its caller says.
HAZARD(found_where_the_caller_looks) { CHECK(dlopen("libloader_plain.so", RTLD_NOW) != nullptr); }

HAZARD(wrapper_by_next) {
  with_preloaded("libloader_next.so", false);
  with_preloaded("libloader_next.so", true);
}

HAZARD(wrapper_by_a_handle) {
  with_preloaded("libloader_handle.so", false);
  with_preloaded("libloader_handle.so", true);
}

ROLE(wrapped) {
  const auto count = as<decltype(wrapped_reads)>(dlsym(RTLD_DEFAULT, "wrapped_reads"));
  CHECK_EQ(take(0, 4), "file");
  CHECK_EQ(count(), 1);
  const Teed teed("abcdef");
  CHECK_EQ(take(teed.pipe.r, 6), "abcdef");
  CHECK_EQ(take(teed.copy.r, 6), "abcdef");
  use([handle = libc_handle()](const char* name) { return dlsym(handle, name); });
}
