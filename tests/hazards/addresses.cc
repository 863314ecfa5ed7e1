// Bad addresses, in every pointer of every call that the shim takes: EFAULT, never a crash, and the
// pipe's bytes stay where they are.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <initializer_list>

#include "hazard.h"

using namespace hazard;

namespace {

char* page(int protection) {
  void* memory = mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return static_cast<char*>(memory);
}

template <typename T>
T* at(char* address) {
  return reinterpret_cast<T*>(address);
}

// Addresses that can be neither read nor written.
const std::initializer_list<char*> kBad = {at<char>(nullptr) + 1, at<char>(nullptr) + 4096 * 3,
                                           at<char>(nullptr) - 4096, page(PROT_NONE),
                                           at<char>(nullptr) + (SIZE_MAX / 4 + 1)};

}  // namespace

HAZARD(the_family) {
  const int file = file_of("file");
  for (char* bad : kBad) {
    const Teed teed("kept");
    const int r = teed.pipe.r;
    const int w = teed.pipe.w;
    CHECK_FAILS(splice(file, at<off_t>(bad), w, nullptr, 4, 0), EFAULT);
    CHECK_FAILS(splice(r, nullptr, file, at<off_t>(bad), 4, 0), EFAULT);
    CHECK_FAILS(sendfile(w, file, at<off_t>(bad), 4), EFAULT);
    CHECK_FAILS(vmsplice(w, at<iovec>(bad), 1, 0), EFAULT);
    CHECK_FAILS(vmsplice(r, at<iovec>(bad), 1, 0), EFAULT);
    const iovec iov{bad, 4};
    CHECK_FAILS(vmsplice(w, &iov, 1, 0), EFAULT);
    CHECK_FAILS(vmsplice(r, &iov, 1, 0), EFAULT);
    CHECK_EQ(take(r, 4), "kept");
  }
  // Readable, but not to be written.
  char* constant = page(PROT_READ);
  const iovec iov{constant, 4};
  const Teed teed("kept");
  CHECK_FAILS(vmsplice(teed.pipe.r, &iov, 1, 0), EFAULT);
  CHECK_EQ(vmsplice(teed.pipe.w, &iov, 1, 0), 4);
  CHECK_EQ(take(teed.pipe.r, 8), std::string("kept\0\0\0\0", 8));
  CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
}

HAZARD(good_then_bad_segments) {
  char good[] = "good";
  const iovec iov[] = {{good, 4}, {page(PROT_NONE), 4}, {good, 4}};
  const Teed teed("kept");
  CHECK_EQ(vmsplice(teed.pipe.w, iov, 3, 0), 4);
  CHECK_EQ(take(teed.pipe.r, 8), "keptgood");
}

HAZARD(reading_and_writing) {
  for (char* bad : kBad) {
    const Teed teed("kept");
    const int r = teed.pipe.r;
    const int w = teed.pipe.w;
    const iovec iov{bad, 4};
    CHECK_FAILS(read(r, bad, 4), EFAULT);
    CHECK_FAILS(readv(r, &iov, 1), EFAULT);
    CHECK_FAILS(readv(r, at<iovec>(bad), 1), EFAULT);
    CHECK_FAILS(preadv2(r, &iov, 1, -1, 0), EFAULT);
    CHECK_FAILS(preadv2(r, at<iovec>(bad), 1, -1, 0), EFAULT);
    CHECK_FAILS(syscall(SYS_read, r, bad, 4), EFAULT);
    CHECK_FAILS(write(w, bad, 4), EFAULT);
    CHECK_FAILS(writev(w, &iov, 1), EFAULT);
    CHECK_FAILS(writev(w, at<iovec>(bad), 1), EFAULT);
    CHECK_FAILS(pwritev2(w, &iov, 1, -1, 0), EFAULT);
    CHECK_FAILS(pwritev2(w, at<iovec>(bad), 1, -1, 0), EFAULT);
    CHECK_EQ(take(r, 4), "kept");
  }
}

// A segment of no length is not looked at, wherever it is.
HAZARD(empty_segments) {
  char good[] = "good";
  for (char* nowhere : {page(PROT_NONE), good}) {
    const Teed teed("kept");
    const iovec iov[] = {{nowhere, 0}, {good, 4}, {nowhere, 0}};
    CHECK_EQ(writev(teed.pipe.w, iov, 3), 4);
    CHECK_EQ(vmsplice(teed.pipe.w, iov, 3, 0), 4);
    CHECK_EQ(readv(teed.pipe.r, iov, 3), 4);
    CHECK_EQ(std::string(good, 4), "kept");
    CHECK_EQ(vmsplice(teed.pipe.r, iov, 3, 0), 4);
    CHECK_EQ(take(teed.pipe.r, 4), "good");
    strcpy(good, "good");
  }
}

// Of packets too.
HAZARD(empty_segments_and_packets) {
  const Pipe pipe(O_DIRECT);
  put(pipe.w, "one");
  put(pipe.w, "two");
  const Pipe copy;
  CHECK_EQ(tee(pipe.r, copy.w, 1, 0), 1);
  char space[8];
  const iovec iov[] = {{page(PROT_NONE), 0}, {space, sizeof(space)}};
  CHECK_EQ(readv(pipe.r, iov, 2), 3);
  CHECK_EQ(readv(pipe.r, iov, 2), 3);
  CHECK_EQ(std::string(space, 3), "two");
}

HAZARD(watching) {
  for (char* bad : kBad) {
    const Teed teed("kept");
    const int r = teed.pipe.r;
    const timespec now{0, 0};
    CHECK_FAILS(poll(at<pollfd>(bad), 1, 0), EFAULT);
    CHECK_FAILS(ppoll(at<pollfd>(bad), 1, &now, nullptr), EFAULT);
    CHECK_FAILS(select(r + 1, at<fd_set>(bad), nullptr, nullptr, nullptr), EFAULT);
    CHECK_FAILS(select(r + 1, nullptr, at<fd_set>(bad), nullptr, nullptr), EFAULT);
    CHECK_FAILS(pselect(r + 1, nullptr, nullptr, at<fd_set>(bad), &now, nullptr), EFAULT);
    CHECK_FAILS(ioctl(r, FIONREAD, bad), EFAULT);
    CHECK_FAILS(ioctl(r, FIONBIO, bad), EFAULT);
    const int set = epoll_create1(0);
    CHECK_FAILS(epoll_ctl(set, EPOLL_CTL_ADD, r, at<epoll_event>(bad)), EFAULT);
    close(set);
    CHECK_EQ(take(r, 4), "kept");
  }
}

HAZARD(making_and_sending) {
  int sockets[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  for (char* bad : kBad) {
    const Teed teed("kept");
    CHECK_FAILS(pipe(at<int>(bad)), EFAULT);
    CHECK_FAILS(pipe2(at<int>(bad), 0), EFAULT);
    CHECK_FAILS(sendmsg(sockets[0], at<msghdr>(bad), 0), EFAULT);
    msghdr message{};
    message.msg_control = bad;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    CHECK_FAILS(sendmsg(sockets[0], &message, 0), EFAULT);
    CHECK_FAILS(open(bad, O_RDONLY), EFAULT);
    CHECK_FAILS(openat(AT_FDCWD, bad, O_RDONLY), EFAULT);
    CHECK_FAILS(execve(bad, environ, environ), EFAULT);
    CHECK_EQ(take(teed.pipe.r, 4), "kept");
  }
}

// The kernel refuses a control message that says it is longer than all of them.
HAZARD(control_messages_that_lie) {
  int sockets[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  char* pages = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CHECK_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  const Teed teed("kept");
  for (const size_t length : {size_t{1} << 20, SIZE_MAX, SIZE_MAX / 2}) {
    msghdr message{};
    char byte = 'x';
    iovec iov{&byte, 1};
    message.msg_iov = &iov;
    message.msg_iovlen = 1;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    message.msg_control = pages + 4096 - message.msg_controllen;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = length;
    CHECK_FAILS(sendmsg(sockets[0], &message, 0), EINVAL);
  }
  CHECK_EQ(take(teed.pipe.r, 4), "kept");
}

// The last page's end: only what is asked for may be looked at.
HAZARD(structures_at_the_end_of_memory) {
  char* pages = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  CHECK_EQ(mprotect(pages + 4096, 4096, PROT_NONE), 0);
  char* end = pages + 4096;
  const Teed teed("kept");
  auto* p = at<pollfd>(end - sizeof(pollfd));
  *p = {teed.pipe.r, POLLIN, 0};
  CHECK_EQ(poll(p, 1, 0), 1);
  auto* offset = at<off_t>(end - sizeof(off_t));
  *offset = 1;
  CHECK_EQ(splice(file_of("file"), offset, teed.pipe.w, nullptr, 3, 0), 3);
  auto* iov = at<iovec>(end - sizeof(iovec));
  *iov = {pages, 7};
  CHECK_EQ(vmsplice(teed.pipe.r, iov, 1, 0), 7);
  CHECK_EQ(std::string(pages, 7), "keptile");
  // The kernel reads no more of a set than the descriptors asked for.
  auto* set = at<fd_set>(end - 16);
  FD_SET(teed.copy.r, set);
  CHECK_EQ(select(teed.copy.r + 1, set, nullptr, nullptr, nullptr), 1);
  CHECK(FD_ISSET(teed.copy.r, set));
  char* path = end - 10;
  snprintf(path, 10, "/dev/null");
  CHECK(open(path, O_RDONLY) >= 0);
  // Paths that end nowhere.
  for (const std::string_view endless :
       {"/", "/dev/std", "/dev/fd/", "/proc/self", "/proc/self/fd/1"}) {
    char* start = end - endless.size();
    memcpy(start, endless.data(), endless.size());
    CHECK_FAILS(open(start, O_RDONLY), EFAULT);
  }
}
