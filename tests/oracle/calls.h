// The two sides the oracle suite compares: the kernel's calls and the engine's, as tables of
// function pointers with the same signatures.
#ifndef ANYSPLICE_TESTS_ORACLE_CALLS_H_
#define ANYSPLICE_TESTS_ORACLE_CALLS_H_

#include "core/calls/engine.h"

namespace oracle {

enum class Side { kKernel, kRings, kNoRings };
inline constexpr int kSides = 3;

const char* name_of(Side side);

struct Calls {
  decltype(&anysplice::splice) splice;
  decltype(&anysplice::tee) tee;
  decltype(&anysplice::vmsplice) vmsplice;
  decltype(&anysplice::sendfile) sendfile;
  decltype(&anysplice::pipe2) pipe2;
  decltype(&anysplice::dup) dup;
  decltype(&anysplice::dup2) dup2;
  decltype(&anysplice::dup3) dup3;
  decltype(&anysplice::close) close;
  decltype(&anysplice::fcntl) fcntl;
  decltype(&anysplice::ioctl) ioctl;
  decltype(&anysplice::read) read;
  decltype(&anysplice::readv) readv;
  decltype(&anysplice::preadv2) preadv2;
  decltype(&anysplice::write) write;
  decltype(&anysplice::writev) writev;
  decltype(&anysplice::poll) poll;
  decltype(&anysplice::ppoll) ppoll;
  decltype(&anysplice::select) select;
  decltype(&anysplice::pselect) pselect;
  decltype(&anysplice::epoll_ctl) epoll_ctl;
  decltype(&anysplice::sendmsg) sendmsg;
  decltype(&anysplice::fork) fork;
  decltype(&anysplice::expose) expose;
};

// The calls of one side; sets the engine up for it. To be called once, in the process of the case.
const Calls& take_side(Side side);

// Whether the kernel of this machine lacks the call (ENOSYS, or refused to us). Asked once.
bool kernel_lacks(anysplice::Call call);

}  // namespace oracle

#endif  // ANYSPLICE_TESTS_ORACLE_CALLS_H_
