// A step that could wait for ever is not made. Mostly the kernel's side is asked, because asking
// the engine might settle what would have gone wrong.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/fuzz/stage.h"

namespace fuzz {

bool Stage::ready(const Var& v, short events) {
  pollfd p = {v.fd[kKernel], events, 0};
  return ::poll(&p, 1, 0) > 0;
}

bool Stage::nonblocking(const Var& v) {
  return (::fcntl(v.fd[kKernel], F_GETFL) & O_NONBLOCK) != 0;
}

// Steps that sleep make a program slow.
bool Stage::may_wait_a_little() { return shared_.waits++ < 4; }

bool Stage::can_take(const Var& v, bool not_waiting) {
  const Object& object = object_of(v);
  if (object.kind < Object::kPipe || object.kind == Object::kFile ||
      (object.kind == Object::kDevice && !object.odd && !object.terminal)) {
    return true;
  }
  const bool heeds = object.kind == Object::kPipe || object.kind == Object::kStream;
  if ((not_waiting && heeds) || nonblocking(v)) return true;
  // A unix stream's poll does not know how much its reads wait for.
  const bool enough =
      object.kind != Object::kStream || object.low_water <= 1 || bytes_in(v) >= object.low_water;
  if ((ready(v, POLLIN) && enough) || ends_at_once(v)) return true;
  return object.limited_in && may_wait_a_little();
}

int Stage::bytes_in(const Var& v) {
  int n = 0;
  return ::ioctl(v.fd[kKernel], FIONREAD, &n) == 0 ? n : -1;
}

bool Stage::is_large(const Var& v) {
  return ::fcntl(v.fd[kKernel], F_GETPIPE_SZ) > 16 * static_cast<int>(kPage);
}

// The engine's pipe may be full a little earlier (full.cc).
bool Stage::has_room(const Var& v) {
  pollfd p = {v.fd[kEngine], POLLOUT, 0};
  return calls_[kEngine]->poll(&p, 1, 0) > 0;
}

bool Stage::empty(const Var& v) { return object_of(v).kind == Object::kPipe && bytes_in(v) == 0; }

// A socket is also never filled so far that the two sides could differ in how they account for it.
bool Stage::can_give(const Var& v, size_t length, bool not_waiting) {
  const Object& object = object_of(v);
  switch (object.kind) {
    case Object::kPipe:
      return not_waiting || nonblocking(v) || (ready(v, POLLOUT) && has_room(v));
    case Object::kStream: {
      const int64_t most = object.small ? 0 : (1 << 14) - 1;
      return nonblocking(v) || (length <= kPage && shared_.object[object.peer].unread <= most);
    }
    case Object::kTcp:
      return length <= 1 << 15 && shared_.object[object.peer].unread < 1 << 14;
    case Object::kDatagram: {
      const Object& peer = shared_.object[object.peer];
      if (peer.messages == 0 && length <= 1 << 17) return nonblocking(v) || ready(v, POLLOUT);
      return length <= 1 << 14 && peer.messages < 4 && peer.unread < 1 << 15 &&
             (nonblocking(v) || ready(v, POLLOUT));
    }
    case Object::kDevice:
      // A terminal that is full, or waits for the end of a line, takes what it takes.
      if (object.terminal) {
        const Object& peer = shared_.object[object.peer];
        return length <= 200 && peer.unread < 1000 && !peer.lines && nonblocking(v);
      }
      return !object.odd || nonblocking(v) || ready(v, POLLOUT);
    default:
      return true;
  }
}

}  // namespace fuzz
