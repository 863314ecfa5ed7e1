// One instruction, whose address the handler knows.
#include <ucontext.h>

#include "core/sys/guarded_copy.h"

// rep movsb keeps its progress in registers, so a fault leaves in rcx what was not copied.
__asm__(
    ".text\n"
    ".globl anysplice_guarded_copy\n"
    ".hidden anysplice_guarded_copy\n"
    ".globl anysplice_guarded_at\n"
    ".hidden anysplice_guarded_at\n"
    ".globl anysplice_guarded_after\n"
    ".hidden anysplice_guarded_after\n"
    ".type anysplice_guarded_copy, @function\n"
    "anysplice_guarded_copy:\n"
    ".cfi_startproc\n"
    "movq %rdx, %rcx\n"
    "anysplice_guarded_at:\n"
    "rep movsb\n"
    "anysplice_guarded_after:\n"
    "movq %rcx, %rax\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size anysplice_guarded_copy, .-anysplice_guarded_copy\n");

// Returns the bytes that were not copied.
extern "C" size_t anysplice_guarded_copy(void* to, const void* from, size_t length);
extern "C" const char anysplice_guarded_at[];
extern "C" const char anysplice_guarded_after[];

namespace anysplice {

size_t guarded_copy(void* to, const void* from, size_t length) {
  return length - anysplice_guarded_copy(to, from, length);
}

bool on_fault(siginfo_t*, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (registers[REG_RIP] != reinterpret_cast<greg_t>(anysplice_guarded_at)) return false;
  registers[REG_RIP] = reinterpret_cast<greg_t>(anysplice_guarded_after);
  return true;
}

}  // namespace anysplice
