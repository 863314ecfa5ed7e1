// The C API of <anysplice/splice.h>: the engine's calls by names of their own.
#include <anysplice/splice.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include <string_view>

#include "core/calls/engine.h"
#include "core/pipe/pipe_identity.h"
#include "core/policy/mode.h"
#include "core/sys/deferral.h"
#include "core/sys/splice_flags.h"
#include "core/sys/sys.h"

static_assert(anysplice::kSpliceMove == SPLICE_F_MOVE &&
              anysplice::kSpliceNonblock == SPLICE_F_NONBLOCK &&
              anysplice::kSpliceMore == SPLICE_F_MORE && anysplice::kSpliceGift == SPLICE_F_GIFT);
static_assert(sizeof(loff_t) == sizeof(int64_t));

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define VERSION_TEXT            \
  TEXT(ANYSPLICE_VERSION_MAJOR) \
  "." TEXT(ANYSPLICE_VERSION_MINOR) "." TEXT(ANYSPLICE_VERSION_PATCH)
static_assert(std::string_view(VERSION_TEXT) == ANYSPLICE_PROJECT_VERSION);

#define API extern "C" __attribute__((visibility("default")))

API ssize_t anysplice_splice(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t len,
                             unsigned flags) {
  return anysplice::splice(fd_in, off_in, fd_out, off_out, len, flags);
}
API ssize_t anysplice_tee(int fd_in, int fd_out, size_t len, unsigned flags) {
  return anysplice::tee(fd_in, fd_out, len, flags);
}
API ssize_t anysplice_vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  return anysplice::vmsplice(fd, iov, count, flags);
}
API ssize_t anysplice_sendfile(int out_fd, int in_fd, int64_t* offset, size_t count) {
  return anysplice::sendfile(out_fd, in_fd, offset, count);
}

API int anysplice_pipe(int fds[2]) { return anysplice::pipe(fds); }
API int anysplice_pipe2(int fds[2], int flags) {
#ifdef ANYSPLICE_HOST_PIPE2
  return anysplice::pipe2(fds, flags);
#else
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
    errno = EINVAL;
    return -1;
  }
  if (anysplice::pipe(fds) != 0) return -1;
  for (int end = 0; end < 2; ++end) {
    if ((flags & O_CLOEXEC) != 0) anysplice::fcntl(fds[end], F_SETFD, FD_CLOEXEC);
    if ((flags & O_NONBLOCK) != 0) {
      anysplice::fcntl(fds[end], F_SETFL, anysplice::fcntl(fds[end], F_GETFL, 0) | O_NONBLOCK);
    }
  }
  return 0;
#endif
}
API int anysplice_close(int fd) { return anysplice::close(fd); }
API int anysplice_dup(int fd) { return anysplice::dup(fd); }
API int anysplice_dup2(int fd, int to) { return anysplice::dup2(fd, to); }
API int anysplice_fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  const long arg = va_arg(list, long);
  va_end(list);
  return anysplice::fcntl(fd, command, arg);
}
API int anysplice_ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* arg = va_arg(list, void*);
  va_end(list);
  return anysplice::ioctl(fd, request, arg);
}

API ssize_t anysplice_read(int fd, void* buffer, size_t count) {
  return anysplice::read(fd, buffer, count);
}
API ssize_t anysplice_readv(int fd, const iovec* iov, int count) {
  return anysplice::readv(fd, iov, count);
}
API ssize_t anysplice_write(int fd, const void* buffer, size_t count) {
  return anysplice::write(fd, buffer, count);
}
API ssize_t anysplice_writev(int fd, const iovec* iov, int count) {
  return anysplice::writev(fd, iov, count);
}

API int anysplice_poll(pollfd* fds, nfds_t count, int timeout_ms) {
  return anysplice::poll(fds, count, timeout_ms);
}
API int anysplice_select(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
                         timeval* timeout) {
  return anysplice::select(nfds, readable, writable, exceptional, timeout);
}

API int anysplice_settle(int fd) {
  if (anysplice::sys->fcntl(fd, F_GETFD, 0) < 0) return -1;
  anysplice::expose(fd, anysplice::SettleReason::kAsked);
  if (!anysplice::holds_bytes(fd)) return 0;
  errno = ENOSPC;
  return -1;
}
API void anysplice_settle_all(void) { anysplice::expose_all(anysplice::SettleReason::kAsked); }

API int anysplice_set_mode(const char* mode) {
  anysplice::Mode chosen;
  int error;
  if (!anysplice::parse_mode(mode, &chosen, &error)) {
    errno = EINVAL;
    return -1;
  }
  anysplice::set_mode(chosen, error);
  return 0;
}
API int anysplice_set_vmsplice(const char* how) {
  bool refer;
  if (!anysplice::parse_vmsplice(how, &refer)) {
    errno = EINVAL;
    return -1;
  }
  anysplice::let_vmsplice_refer(refer);
  return 0;
}

API void anysplice_plain_handlers(void) { anysplice::deferral::assume_plain_handlers(); }

API const char* anysplice_version(void) { return VERSION_TEXT; }
