// signal(7), "Interruption of system calls": to make a call again the kernel sets the program back
// to the instruction that made it, with its number where that was.
#include "core/sys/linux/interrupted_call.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

namespace anysplice {
namespace {

[[maybe_unused]] bool moves_bytes(long number) {
  switch (number) {
    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
#ifdef SYS_sendmsg
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_sendto:
    case SYS_sendmsg:
#endif
      return true;
    default:
      return false;
  }
}

template <size_t N>
[[maybe_unused]] bool is_at(uint64_t address, const unsigned char (&instruction)[N]) {
  return memcmp(reinterpret_cast<const void*>(address), instruction, N) == 0;
}

}  // namespace

#if defined(__x86_64__) && defined(__LP64__)
void end_interrupted_call(ucontext_t* interrupted) {
  constexpr unsigned char kSyscall[] = {0x0f, 0x05};
  auto& registers = interrupted->uc_mcontext.gregs;
  if (!moves_bytes(static_cast<long>(registers[REG_RAX])) ||
      !is_at(static_cast<uint64_t>(registers[REG_RIP]), kSyscall)) {
    return;
  }
  registers[REG_RAX] = -EINTR;
  registers[REG_RIP] += static_cast<greg_t>(sizeof(kSyscall));
}
#elif defined(__aarch64__)
void end_interrupted_call(ucontext_t* interrupted) {
  constexpr unsigned char kSvc[] = {0x01, 0x00, 0x00, 0xd4};
  auto& context = interrupted->uc_mcontext;
  if (!moves_bytes(static_cast<long>(context.regs[8])) || !is_at(context.pc, kSvc)) return;
  context.regs[0] = static_cast<uint64_t>(-EINTR);
  context.pc += sizeof(kSvc);
}
#else
void end_interrupted_call(ucontext_t*) {}
#endif

}  // namespace anysplice
