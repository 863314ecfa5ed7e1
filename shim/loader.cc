// dlsym(3), dlopen(3) and their kin: ways to libc's functions that lead past the table.
//
// - dlsym by a handle, of libc or of what needs it (ctypes, .NET, JNA): where it would find libc's
//   function, as a name without a version means it, it answers ours. But a wrapper that ours calls,
//   and what may be a part of one, get what they ask for.
// - RTLD_NEXT of an object behind us that is no such wrapper; dlopen with RTLD_DEEPBIND, and
// dlmopen
//   with a libc of its own: what that code calls cannot be seen, so from before it has its
//   functions nothing is kept out of the kernel's pipes.
//
// The loader answers by who calls it (RTLD_NEXT, the caller's RUNPATH), which is where its call
// returns to. So these are jumps to the loader's functions, with all as the caller left it.
// (Machines for which nobody has written that jump do without.)
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>

#include <atomic>

#include "core/calls/engine.h"
#include "core/fd/fd_table.h"
#include "shim/elf_object.h"
#include "shim/next_objects.h"

namespace anysplice::shim {
namespace {

// What the assembly below writes down.
struct Call {
  void* caller;
  uintptr_t arguments[3];  // the first becomes the answer
};

// What is jumped to where the system has no such function.
void* none() { return nullptr; }

// Beyond the objects that are remembered as well: without it there is no way on.
struct Search {
  const char* name;
  bool behind_us;
  void* found;
};

int search_on(dl_phdr_info* info, size_t, void* data) {
  Search& search = *static_cast<Search*>(data);
  if (!search.behind_us) {
    search.behind_us = holds(*info, reinterpret_cast<void*>(&search_on));
    return 0;
  }
  const ElfObject object(*info);
  if (object.searchable()) search.found = object.find(search.name).function;
  return search.found != nullptr ? 1 : 0;
}

void* real(std::atomic<void*>& bound, const char* name) {
  void* function = bound.load(std::memory_order_relaxed);
  if (function != nullptr) return function;
  function = next_objects::find(name);
  if (function == nullptr) {
    Search search{name, false, nullptr};
    dl_iterate_phdr(search_on, &search);
    function = search.found != nullptr ? search.found : reinterpret_cast<void*>(&none);
  }
  bound.store(function, std::memory_order_relaxed);
  return function;
}

std::atomic<void*> bound_dlsym, bound_dlvsym, bound_dlopen, bound_dlmopen, bound_dlclose;

// A library's calls will go past the table, from its constructor on.
void let_pass() {
  static std::atomic<bool> passes{false};
  if (passes.exchange(true)) return;
  every_call_seen = false;
  keep_nothing(SettleReason::kLoader);
}

// Makes ours the answer, if it is, and gives null; else `next`, to be asked by the caller himself.
// `ask` asks it in our name.
template <typename Ask>
void* answer(Call* call, void* next, Ask ask) {
  const auto handle = reinterpret_cast<void*>(call->arguments[0]);
  const auto name = reinterpret_cast<const char*>(call->arguments[1]);
  if (handle == RTLD_DEFAULT || name == nullptr) return next;
  void* const ours = next_objects::find_ours(name);
  if (ours == nullptr) return next;
  const next_objects::Caller caller = next_objects::look_for(call->caller, name);
  if (caller.where == next_objects::Caller::kOurselves) return next;
  const bool behind_us = caller.where != next_objects::Caller::kInFront;
  // Whom ours calls gets what it asks for: the calls that it makes with that are seen already.
  const bool called_by_us = caller.where == next_objects::Caller::kBehind && caller.wraps;
  if (handle == RTLD_NEXT) {
    if (behind_us && !called_by_us) let_pass();
    return next;
  }
  const ElfObject* const libc = next_objects::that_defines("__libc_start_main");
  const ElfObject* const behind = next_objects::that_defines(name);
  if (called_by_us) return next;
  const void* const theirs = ask(handle, name);
  if (theirs == nullptr) return next;
  // A wrapper stands between libc and us: who asks may be what it has loaded to do its work.
  const bool unclear = libc == nullptr || behind == nullptr || (behind != libc && behind_us);
  const bool is_libcs = libc == nullptr || libc->find(name).function == theirs;
  if (unclear) {
    if (is_libcs) let_pass();
    return next;
  }
  if (!is_libcs && behind->find(name).function != theirs) return next;
  call->arguments[0] = reinterpret_cast<uintptr_t>(ours);
  return nullptr;
}

// RTLD_DEEPBIND means nothing for what is loaded already.
void loads([[maybe_unused]] const char* path, [[maybe_unused]] int flags) {
#ifdef RTLD_DEEPBIND
  if (path == nullptr || (flags & RTLD_DEEPBIND) == 0 || (flags & RTLD_NOLOAD) != 0) return;
  const auto open = reinterpret_cast<void* (*)(const char*, int)>(real(bound_dlopen, "dlopen"));
  if (void* const there = open(path, RTLD_LAZY | RTLD_NOLOAD); there != nullptr) {
    reinterpret_cast<int (*)(void*)>(real(bound_dlclose, "dlclose"))(there);
    return;
  }
  let_pass();
#endif
}

}  // namespace
}  // namespace anysplice::shim

// Each gives the function to jump to, or null, and the answer as the first argument.
extern "C" {

using anysplice::shim::Call;

__attribute__((used)) void* anysplice_on_dlsym(Call* call) {
  using namespace anysplice::shim;
  void* const next = real(bound_dlsym, "dlsym");
  return answer(call, next, reinterpret_cast<void* (*)(void*, const char*)>(next));
}

__attribute__((used)) void* anysplice_on_dlvsym(Call* call) {
  using namespace anysplice::shim;
  void* const next = real(bound_dlvsym, "dlvsym");
  return answer(call, next, [=](void* handle, const char* name) {
    const auto version = reinterpret_cast<const char*>(call->arguments[2]);
    return reinterpret_cast<void* (*)(void*, const char*, const char*)>(next)(handle, name,
                                                                              version);
  });
}

__attribute__((used)) void* anysplice_on_dlopen(Call* call) {
  using namespace anysplice::shim;
  loads(reinterpret_cast<const char*>(call->arguments[0]), static_cast<int>(call->arguments[1]));
  return real(bound_dlopen, "dlopen");
}

__attribute__((used)) void* anysplice_on_dlmopen(Call* call) {
  using namespace anysplice::shim;
#ifdef LM_ID_BASE
  if (static_cast<Lmid_t>(call->arguments[0]) != LM_ID_BASE) let_pass();
#endif
  loads(reinterpret_cast<const char*>(call->arguments[1]), static_cast<int>(call->arguments[2]));
  return real(bound_dlmopen, "dlmopen");
}

#if defined(__x86_64__)
#define JUMP(symbol)                           \
  __asm__(                                     \
      ".text\n"                                \
      ".globl " #symbol                        \
      "\n"                                     \
      ".type " #symbol ", @function\n" #symbol \
      ":\n"                                    \
      ".cfi_startproc\n"                       \
      "endbr64\n"                              \
      "subq $8, %rsp\n"                        \
      "pushq %rdx\n"                           \
      "pushq %rsi\n"                           \
      "pushq %rdi\n"                           \
      "pushq 32(%rsp)\n"                       \
      ".cfi_adjust_cfa_offset 40\n"            \
      "movq %rsp, %rdi\n"                      \
      "call anysplice_on_" #symbol             \
      "\n"                                     \
      "addq $8, %rsp\n"                        \
      "popq %rdi\n"                            \
      "popq %rsi\n"                            \
      "popq %rdx\n"                            \
      "addq $8, %rsp\n"                        \
      ".cfi_adjust_cfa_offset -40\n"           \
      "testq %rax, %rax\n"                     \
      "je 1f\n"                                \
      "jmp *%rax\n"                            \
      "1:\n"                                   \
      "movq %rdi, %rax\n"                      \
      "ret\n"                                  \
      ".cfi_endproc\n"                         \
      ".size " #symbol ", .-" #symbol "\n")
#elif defined(__i386__)
#define JUMP(symbol)                           \
  __asm__(                                     \
      ".text\n"                                \
      ".globl " #symbol                        \
      "\n"                                     \
      ".type " #symbol ", @function\n" #symbol \
      ":\n"                                    \
      ".cfi_startproc\n"                       \
      "movl %esp, %eax\n"                      \
      "subl $8, %esp\n"                        \
      "pushl %eax\n"                           \
      ".cfi_adjust_cfa_offset 12\n"            \
      "call anysplice_on_" #symbol             \
      "\n"                                     \
      "addl $12, %esp\n"                       \
      ".cfi_adjust_cfa_offset -12\n"           \
      "testl %eax, %eax\n"                     \
      "je 1f\n"                                \
      "jmp *%eax\n"                            \
      "1:\n"                                   \
      "movl 4(%esp), %eax\n"                   \
      "ret\n"                                  \
      ".cfi_endproc\n"                         \
      ".size " #symbol ", .-" #symbol "\n")
#elif defined(__aarch64__)
#define JUMP(symbol)                           \
  __asm__(                                     \
      ".text\n"                                \
      ".globl " #symbol                        \
      "\n"                                     \
      ".type " #symbol ", %function\n" #symbol \
      ":\n"                                    \
      ".cfi_startproc\n"                       \
      "stp x29, x30, [sp, -48]!\n"             \
      ".cfi_def_cfa_offset 48\n"               \
      ".cfi_rel_offset x30, 8\n"               \
      "str x30, [sp, 16]\n"                    \
      "stp x0, x1, [sp, 24]\n"                 \
      "str x2, [sp, 40]\n"                     \
      "add x0, sp, 16\n"                       \
      "bl anysplice_on_" #symbol               \
      "\n"                                     \
      "mov x16, x0\n"                          \
      "ldp x0, x1, [sp, 24]\n"                 \
      "ldr x2, [sp, 40]\n"                     \
      "ldp x29, x30, [sp], 48\n"               \
      ".cfi_def_cfa_offset 0\n"                \
      ".cfi_restore x30\n"                     \
      "cbz x16, 1f\n"                          \
      "br x16\n"                               \
      "1:\n"                                   \
      "ret\n"                                  \
      ".cfi_endproc\n"                         \
      ".size " #symbol ", .-" #symbol "\n")
#endif

JUMP(dlsym);
JUMP(dlvsym);
JUMP(dlopen);
JUMP(dlmopen);

}  // extern "C"
#endif
