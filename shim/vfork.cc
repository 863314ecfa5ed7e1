// vfork(2): the child runs on the caller's stack frame, so no C function can stand in between.
// The trampoline tells the engine, then jumps to libc's vfork, which returns to our caller twice.
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "shim/real.h"

static std::atomic<pid_t (*)()> bound_vfork;

extern "C" {

// Where the trampoline goes.
__attribute__((used)) void* anysplice_before_vfork() {
  anysplice::note_vfork();
  return reinterpret_cast<void*>(anysplice::shim::bind(bound_vfork, "vfork"));
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
    "jmp *%rax\n"
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
    "jmp *%eax\n"
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
    "mov x16, x0\n"
    "ldp x29, x30, [sp], 16\n"
    "br x16\n"
    ".cfi_endproc\n"
    ".size vfork, .-vfork\n"
    ".size __vfork, .-__vfork\n");
#else
// vfork(2) allows it to be fork(2).
__attribute__((visibility("default"))) pid_t anysplice_vfork() __asm__("vfork");
pid_t anysplice_vfork() { return anysplice::fork(); }
#endif

}  // extern "C"
