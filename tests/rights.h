// A message of one byte that takes a descriptor along over a unix socket (SCM_RIGHTS, unix(7)).
// Shared by the tests. Async-signal-safe.
#ifndef ANYSPLICE_TESTS_RIGHTS_H_
#define ANYSPLICE_TESTS_RIGHTS_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

class Rights {
 public:
  // To be received.
  Rights() {
    message_.msg_iov = &iov_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_;
    message_.msg_controllen = sizeof(control_);
  }
  // To be sent.
  explicit Rights(int fd) : Rights() {
    cmsghdr* header = CMSG_FIRSTHDR(&message_);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  }
  Rights(const Rights&) = delete;
  Rights& operator=(const Rights&) = delete;

  // For sendmsg or recvmsg.
  msghdr* message() { return &message_; }

  // What was received, or -1.
  int descriptor() const {
    const cmsghdr* header = CMSG_FIRSTHDR(&message_);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
  }

 private:
  char byte_ = 'x';
  iovec iov_{&byte_, 1};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
  msghdr message_{};
};

#endif  // ANYSPLICE_TESTS_RIGHTS_H_
