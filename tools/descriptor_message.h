// A message of one byte that takes a descriptor along over a unix socket (SCM_RIGHTS, unix(7)).
// Shared by the tests. Async-signal-safe.
#ifndef ANYSPLICE_TOOLS_DESCRIPTOR_MESSAGE_H_
#define ANYSPLICE_TOOLS_DESCRIPTOR_MESSAGE_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

class DescriptorMessage {
 public:
  // To be received.
  DescriptorMessage() {
    message_.msg_iov = &iov_;
    message_.msg_iovlen = 1;
    message_.msg_control = control_;
    message_.msg_controllen = sizeof(control_);
  }
  // To be sent.
  explicit DescriptorMessage(int fd) : DescriptorMessage() {
    cmsghdr* control = CMSG_FIRSTHDR(&message_);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(control), &fd, sizeof(fd));
  }
  DescriptorMessage(const DescriptorMessage&) = delete;
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  // For sendmsg or recvmsg.
  msghdr* header() { return &message_; }

  // What was received, or -1.
  int descriptor() const {
    const cmsghdr* control = CMSG_FIRSTHDR(&message_);
    if (control == nullptr || control->cmsg_type != SCM_RIGHTS) return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(control), sizeof(fd));
    return fd;
  }

 private:
  char byte_ = 'x';
  iovec iov_{&byte_, 1};
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
  msghdr message_{};
};

#endif  // ANYSPLICE_TOOLS_DESCRIPTOR_MESSAGE_H_
