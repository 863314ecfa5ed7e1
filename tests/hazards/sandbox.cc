// Sandboxes that refuse more than the family of splice.
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "hazard.h"
#include "refuse.h"

using namespace hazard;

namespace {

void use_all() {
  const std::string bytes = pattern(30000);
  const int file = file_of(bytes);
  const Pipe a, b;
  char memory[30000];
  const iovec into{memory, sizeof(memory)};
  CHECK_EQ(splice(file, nullptr, a.w, nullptr, 30000, 0), 30000);
  CHECK_EQ(tee(a.r, b.w, 30000, 0), 30000);
  CHECK_EQ(vmsplice(b.r, &into, 1, 0), 30000);
  CHECK_EQ(std::string(memory, 30000), bytes);
  CHECK_EQ(splice(a.r, nullptr, b.w, nullptr, 10000, 0), 10000);
  CHECK_EQ(take(b.r, 10000), bytes.substr(0, 10000));
  const iovec from{memory, 20000};
  CHECK_EQ(vmsplice(a.w, &from, 1, 0), 20000);
  put(a.w, "end");
  CHECK_EQ(take(a.r, 40003), bytes.substr(10000) + bytes.substr(0, 20000) + "end");
  off_t start = 0;
  CHECK_EQ(sendfile(b.w, file, &start, 30000), 30000);
  CHECK_EQ(take(b.r, 30000), bytes);
  const iovec bad{nullptr, 5};
  CHECK_FAILS(vmsplice(b.w, &bad, 1, 0), EFAULT);
  put(b.w, "kept");
  CHECK_EQ(tee(b.r, a.w, 10, 0), 4);
  CHECK_FAILS(vmsplice(b.r, &bad, 1, 0), EFAULT);
  CHECK_FAILS(readv(b.r, &bad, 1), EFAULT);
  CHECK_EQ(take(b.r, 4), "kept");
  // Full and empty pipes without waiting.
  put(b.w, pattern(65536));
  CHECK_FAILS(vmsplice(b.w, &from, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(take(b.r, 65536), pattern(65536));
  CHECK_FAILS(splice(b.r, nullptr, a.w, nullptr, 1, SPLICE_F_NONBLOCK), EAGAIN);
}

// In a process that made its pipes, and in a child of it.
void use_refused(std::initializer_list<long> calls, int error) {
  refuse(calls, error);
  use_all();
  const Teed teed("for the child");
  finish(start([&] {
    use_all();
    CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 100, 0), 13);
    CHECK_EQ(take(teed.pipe.r, 13), "for the child");
  }));
}

const std::initializer_list<long> kCopying = {SYS_process_vm_readv, SYS_process_vm_writev};
const std::initializer_list<long> kFlags = {SYS_preadv2, SYS_pwritev2};
const std::initializer_list<long> kAll = {
    SYS_memfd_create, SYS_process_vm_readv, SYS_process_vm_writev, SYS_preadv2,
    SYS_pwritev2,     SYS_madvise,          SYS_io_uring_setup,    SYS_close_range};

}  // namespace

HAZARD(no_process_vm_enosys) { use_refused(kCopying, ENOSYS); }
HAZARD(no_process_vm_eperm) { use_refused(kCopying, EPERM); }
HAZARD(no_preadv2_enosys) { use_refused(kFlags, ENOSYS); }
HAZARD(no_preadv2_eperm) { use_refused(kFlags, EPERM); }
HAZARD(none_of_them_enosys) { use_refused(kAll, ENOSYS); }
HAZARD(none_of_them_eperm) { use_refused(kAll, EPERM); }
