// vfork(2), and clone(2), whose child may be one of vfork's kind.
//
// vfork's child runs on the caller's stack frame, so no C function can stand in between: what is
// needed after the call, by child and parent, is kept in registers, which each has for itself.
#include <errno.h>
#include <sched.h>

#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "shim/real.h"

extern "C" {

// What goes before the system call, and after it in the child and then in the parent.
__attribute__((used)) int anysplice_before_vfork() { return anysplice::note_vfork(); }

__attribute__((used)) pid_t anysplice_after_vfork(long result, int before) {
  if (result == 0) {
    anysplice::become_vfork_child(before);
    return 0;
  }
  anysplice::note_vfork_returned(before);
  if (result > 0) return static_cast<pid_t>(result);
  errno = static_cast<int>(-result);
  return -1;
}

#if defined(__x86_64__)
__asm__(
    ".text\n"
    ".globl vfork, __vfork\n"
    ".type vfork, @function\n"
    ".type __vfork, @function\n"
    "vfork:\n"
    "__vfork:\n"
    ".cfi_startproc\n"
    "endbr64\n"
    "subq $8, %rsp\n"
    ".cfi_adjust_cfa_offset 8\n"
    "call anysplice_before_vfork\n"
    "addq $8, %rsp\n"
    ".cfi_adjust_cfa_offset -8\n"
    "movl %eax, %esi\n"
    "popq %rdi\n"  // where to return to
    ".cfi_adjust_cfa_offset -8\n"
    ".cfi_register %rip, %rdi\n"
    "movl $58, %eax\n"
    "syscall\n"
    "pushq %rdi\n"
    ".cfi_adjust_cfa_offset 8\n"
    ".cfi_rel_offset %rip, 0\n"
    "subq $8, %rsp\n"
    ".cfi_adjust_cfa_offset 8\n"
    "movq %rax, %rdi\n"
    "call anysplice_after_vfork\n"
    "addq $8, %rsp\n"
    ".cfi_adjust_cfa_offset -8\n"
    // A shadow stack has by now what the child called: its entry is dropped, not compared.
    "xorl %ecx, %ecx\n"
    "rdsspq %rcx\n"
    "testq %rcx, %rcx\n"
    "jne 1f\n"
    "ret\n"
    "1:\n"
    "popq %rdi\n"
    "movl $1, %ecx\n"
    "incsspq %rcx\n"
    "jmp *%rdi\n"
    ".cfi_endproc\n"
    ".size vfork, .-vfork\n"
    ".size __vfork, .-__vfork\n");
#elif defined(__i386__)
__asm__(
    ".text\n"
    ".globl vfork, __vfork\n"
    ".type vfork, @function\n"
    ".type __vfork, @function\n"
    "vfork:\n"
    "__vfork:\n"
    ".cfi_startproc\n"
    "subl $12, %esp\n"
    ".cfi_adjust_cfa_offset 12\n"
    "call anysplice_before_vfork\n"
    "addl $12, %esp\n"
    ".cfi_adjust_cfa_offset -12\n"
    "movl %eax, %edx\n"
    "popl %ecx\n"  // where to return to
    ".cfi_adjust_cfa_offset -4\n"
    ".cfi_register %eip, %ecx\n"
    "movl $190, %eax\n"
    "int $0x80\n"
    "pushl %ecx\n"
    ".cfi_adjust_cfa_offset 4\n"
    ".cfi_rel_offset %eip, 0\n"
    "subl $4, %esp\n"
    ".cfi_adjust_cfa_offset 4\n"
    "pushl %edx\n"
    ".cfi_adjust_cfa_offset 4\n"
    "pushl %eax\n"
    ".cfi_adjust_cfa_offset 4\n"
    "call anysplice_after_vfork\n"
    "addl $12, %esp\n"
    ".cfi_adjust_cfa_offset -12\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size vfork, .-vfork\n"
    ".size __vfork, .-__vfork\n");
#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl vfork, __vfork\n"
    ".type vfork, %function\n"
    ".type __vfork, %function\n"
    "vfork:\n"
    "__vfork:\n"
    ".cfi_startproc\n"
    "stp x29, x30, [sp, -16]!\n"
    "bl anysplice_before_vfork\n"
    "ldp x29, x30, [sp], 16\n"
    "mov w9, w0\n"
    "mov x0, 0x4111\n"  // CLONE_VM | CLONE_VFORK | SIGCHLD
    "mov x1, 0\n"       // on this stack
    "mov x8, 220\n"     // clone
    "svc 0\n"
    "stp x29, x30, [sp, -16]!\n"
    "mov w1, w9\n"
    "bl anysplice_after_vfork\n"
    "ldp x29, x30, [sp], 16\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size vfork, .-vfork\n"
    ".size __vfork, .-__vfork\n");
#else
// vfork(2) allows it to be fork(2).
__attribute__((visibility("default"))) pid_t anysplice_vfork() __asm__("vfork");
pid_t anysplice_vfork() { return anysplice::fork(); }
#endif

}  // extern "C"

#ifdef CLONE_VM
namespace {

using Clone = int(int (*)(void*), void*, int, void*, void*, void*, void*);

struct Start {
  int (*function)(void*);
  void* argument;
  int before;
};

int start_vfork_child(void* from) {
  const Start start = *static_cast<const Start*>(from);
  anysplice::become_vfork_child(start.before);
  return start.function(start.argument);
}

struct ForkStart {
  int (*function)(void*);
  void* argument;
  unsigned flags;
};

int start_forked_child(void* from) {
  const ForkStart start = *static_cast<const ForkStart*>(from);
  anysplice::after_clone(start.flags, true);
  return start.function(start.argument);
}

// Of vfork's kind: its parent's memory and thread-local variables, until it executes a program.
bool is_like_vfork(unsigned flags) {
  constexpr unsigned kMemory = CLONE_VM | CLONE_VFORK;
  return (flags & (kMemory | CLONE_FILES | CLONE_THREAD | CLONE_SETTLS)) == kMemory;
}

int seen_clone(Clone* real, int (*function)(void*), void* stack, int flags, void* argument, void* b,
               void* c, void* d) {
  const auto how = static_cast<unsigned>(flags);
  const bool starts = function != nullptr && stack != nullptr;
  if (starts && (how & CLONE_VM) == 0) {
    ForkStart start{function, argument, how};
    anysplice::before_clone(how);
    const int child = real(start_forked_child, stack, flags, &start, b, c, d);
    anysplice::after_clone(how, false);
    return child;
  }
  if (!starts || !is_like_vfork(how)) {
    anysplice::note_clone(how);
    return real(function, stack, flags, argument, b, c, d);
  }
  anysplice::note_clone(how & ~unsigned{CLONE_VM});
  Start start{function, argument, anysplice::note_vfork()};
  const int child = real(start_vfork_child, stack, flags, &start, b, c, d);
  anysplice::note_vfork_returned(start.before);
  return child;
}

std::atomic<Clone*> bound_clone, bound_clone_alias;

}  // namespace

extern "C" {

__attribute__((visibility("default"))) Clone anysplice_shim_clone __asm__("clone");
int anysplice_shim_clone(int (*function)(void*), void* stack, int flags, void* argument, void* b,
                         void* c, void* d) {
  return seen_clone(anysplice::shim::bind(bound_clone, "clone"), function, stack, flags, argument,
                    b, c, d);
}

__attribute__((visibility("default"))) Clone anysplice_shim_clone_alias __asm__("__clone");
int anysplice_shim_clone_alias(int (*function)(void*), void* stack, int flags, void* argument,
                               void* b, void* c, void* d) {
  return seen_clone(anysplice::shim::bind(bound_clone_alias, "__clone"), function, stack, flags,
                    argument, b, c, d);
}

}  // extern "C"
#endif
