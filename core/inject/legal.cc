#include "core/inject/legal.h"

#include <errno.h>

namespace anysplice::inject {
namespace {

constexpr Calls kCopying = bit(Call::kCopyFileRange);
constexpr Calls kMoving = bit(Call::kSplice) | bit(Call::kSendfile) | kCopying;
constexpr Kinds kStored = kFile | kProc | kTty | kDevice;

}  // namespace

// From the manual pages, and from what filters and kernels without a call answer. An error that
// says something of the arguments (EBADF, EFAULT, ESPIPE), or of a state that anybody could look at
// (EPIPE, ECONNRESET), would be a lie.
const LegalError legal_errors[kLegalErrors] = {
    {"ENOSYS", ENOSYS, kAllCalls, kAnyKind, kAnyKind, true},
    {"EPERM", EPERM, kAllCalls, kAnyKind, kAnyKind, true},
    {"EACCES", EACCES, kAllCalls, kAnyKind, kAnyKind, true},
    {"EINVAL", EINVAL, kAllCalls, kAnyKind, kAnyKind, false},
    {"EOPNOTSUPP", EOPNOTSUPP, kAllCalls, kAnyKind, kAnyKind, false},
    {"ENOMEM", ENOMEM, kAllCalls, kAnyKind, kAnyKind, false},
    {"EAGAIN", EAGAIN, kAllCalls, kAnyKind, kAnyKind, false},
    {"EINTR", EINTR, kAllCalls, kAnyKind, kAnyKind, false},
    {"EIO", EIO, kMoving, kStored, kStored, false},
    {"ENOSPC", ENOSPC, kMoving, 0, kFile, false},
    {"EDQUOT", EDQUOT, kMoving, 0, kFile, false},
    {"ENOBUFS", ENOBUFS, kMoving, 0, kSocket, false},
    {"EXDEV", EXDEV, kCopying, kFile, kFile, false},
    {"ETXTBSY", ETXTBSY, kCopying, kFile, kFile, false},
};

const LegalError* legal_error(int error) {
  for (const LegalError& legal : legal_errors) {
    if (legal.error == error) return &legal;
  }
  return nullptr;
}

bool may_fail(const Situation& situation, int error) {
  const LegalError* legal = legal_error(error);
  if (legal == nullptr || (legal->calls & bit(situation.call)) == 0) return false;
  if (legal->at_once) return true;
  if (!situation.valid || situation.length == 0) return false;
  // Who sleeps can be woken by a signal, who does not can be told to come again.
  if (error == EAGAIN) return situation.refuses;
  if (error == EINTR) return situation.sleeps;
  return (situation.in & legal->in) != 0 || (situation.out & legal->out) != 0;
}

bool may_shorten(const Situation& situation) {
  return situation.valid && !situation.whole && situation.length > 1;
}

}  // namespace anysplice::inject
