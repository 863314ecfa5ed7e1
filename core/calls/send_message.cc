// sendmsg(2) with descriptors of pipes in it (SCM_RIGHTS, unix(7)).
#include <errno.h>
#include <string.h>

#include "core/base/keep_errno.h"
#include "core/calls/engine.h"
#include "core/fd/own_description.h"
#include "core/memory/user_memory.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/sys.h"

namespace anysplice {

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const int kept = errno;
  const bool look_inside = pipe_high() > 0 || held_bytes::any();
  if (look_inside && check_readable(message, sizeof(*message)) == 0 &&
      message->msg_control != nullptr &&
      check_readable(message->msg_control, message->msg_controllen) == 0) {
    const char* const end =
        static_cast<const char*>(message->msg_control) + message->msg_controllen;
    for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr;
         c = CMSG_NXTHDR(const_cast<msghdr*>(message), c)) {
      // One that says it is longer than all of them: the kernel refuses the call.
      if (c->cmsg_len > static_cast<size_t>(end - reinterpret_cast<const char*>(c))) break;
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
        int sent;
        memcpy(&sent, reinterpret_cast<char*>(c) + at, sizeof(sent));
        expose(sent, SettleReason::kRights);
      }
    }
  }
  errno = kept;
  const ssize_t n = sys->sendmsg(fd, message, flags);
  if (n >= 0 && message->msg_controllen > 0) own_description::forget_all();
  // Nothing was known that could be exposed, but a pipe that is used later may have gone. (What was
  // sent can be read.)
  if (!look_inside && n >= 0 && message->msg_controllen > 0) exposed_pipes::note_may_be_shared();
  return n;
}

}  // namespace anysplice
