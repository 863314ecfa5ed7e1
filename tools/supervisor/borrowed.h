// What a call for another program works on here: its descriptors, and its offsets.
//
// Each object is used by one thread.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_BORROWED_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_BORROWED_H_

#include <errno.h>
#include <stdint.h>

#include "tools/supervisor/kinds.h"
#include "tools/supervisor/netlink.h"
#include "tools/supervisor/packets.h"
#include "tools/supervisor/size_limit.h"
#include "tools/supervisor/target.h"

namespace anysplice::tools {

// An address that the engine's call answers with EFAULT, at its place in the order of checks.
void* bad_address();

// A descriptor of the program for as long as this object lives.
class Descriptor {
 public:
  Descriptor(Target& target, uint64_t argument, Role role)
      : taken_(target.take(static_cast<int>(argument))),
        not_ours_(taken_ >= 0 && asks_for_the_caller(taken_, role, target)),
        packets_(target, taken_) {}
  ~Descriptor() {
    clear_size_limit(taken_);
    clear_sender(taken_);
    Target::give_back(taken_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // -1, which is as bad a number here, if it is one there.
  int fd() const { return taken_ >= 0 ? taken_ : -1; }
  // Why the call cannot be made here, or 0.
  int refused() const {
    if (not_ours_) return EOPNOTSUPP;
    return taken_ < 0 && taken_ != -EBADF ? -taken_ : 0;
  }

 private:
  const int taken_;
  const bool not_ours_;
  const ShownPackets packets_;
};

// Whether the descriptor is a socket for which the call waits, and for no longer than a time that
// was set for it.
bool waits_with_timeout(int fd, Role role);

// An offset in the program's memory, and our copy of it.
class Offset {
 public:
  Offset(const Target& target, uint64_t address)
      : target_(target),
        address_(address),
        bad_(address != 0 && !target.read(address, &value_, sizeof(value_))) {}

  bool given() const { return address_ != 0; }
  // For the engine's call; null if none was given.
  int64_t* get() {
    if (address_ == 0) return nullptr;
    return bad_ ? static_cast<int64_t*>(bad_address()) : &value_;
  }
  // False for a bad address.
  bool store() const {
    return address_ == 0 || bad_ || target_.write(address_, &value_, sizeof(value_));
  }

 private:
  const Target& target_;
  const uint64_t address_;
  int64_t value_ = 0;
  const bool bad_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_BORROWED_H_
