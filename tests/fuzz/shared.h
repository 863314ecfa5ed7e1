// What all processes of one program share, and the process that watches them reads.
#ifndef ANYSPLICE_TESTS_FUZZ_SHARED_H_
#define ANYSPLICE_TESTS_FUZZ_SHARED_H_

#include <stdint.h>
#include <sys/types.h>

#include <atomic>

#include "tests/fuzz/step.h"

namespace fuzz {

// A pipe, file, ...: one on each side, with what has to be known to judge the two.
struct Object {
  enum Kind : uint8_t { kNothing, kPipe, kFile, kStream, kDatagram, kTcp, kDevice, kEpoll };
  Kind kind = kNothing;
  bool endless = false;      // a device that has always more
  bool lent = false;         // a file whose pages the kernel may have put into a pipe
  bool exposed = false;      // strangers may use it
  bool scattered = false;    // how many slots its bytes take in the kernel cannot be known
  bool from_socket = false;  // some of them are a socket's, in pages that may be large
  int peer = -1;             // of a socket: the object of the other end
  int64_t unread = 0;        // of a socket: bytes sent to it that it has not read
  int messages = 0;
  uint64_t sent = 0;        // over TCP, in all
  bool urgent = false;      // of TCP: urgent bytes were sent to it
  int64_t low_water = 1;    // SO_RCVLOWAT
  bool limited_in = false;  // SO_RCVTIMEO, SO_SNDTIMEO: waits come to an end by themselves
  bool limited_out = false;
  bool small = false;      // SO_SNDBUF: what is unread may leave no room for more
  bool sequenced = false;  // of messages: SOCK_SEQPACKET
  bool inet = false;       // UDP, which may lose what is large
  bool deaf = false;       // its reading half was shut
  bool finished = false;   // the other's writing half was
  bool terminal = false;
  bool lines = false;   // one that gives whole lines only
  bool timed = false;   // one whose reads end by themselves
  bool odd = false;     // no file that keeps bytes, or one whose reads wait
  bool lonely = false;  // a pipe that may have ends opened one by one
};

enum class Verdict : uint32_t {
  kOpen,      // still running, or died
  kSame,      // ran to its end
  kCutShort,  // could not go on, nothing was wrong so far
  kDifferent,
};

struct Shared {
  static constexpr int kObjects = 256;
  static constexpr uint32_t kLeaving = 1u << 31;  // the process whose turn it is ends

  std::atomic<uint32_t> turn;  // index of the step to be done next; the whole world waits on it
  std::atomic<Verdict> verdict;
  std::atomic<uint32_t> native_calls;
  uint64_t compared;  // steps done on both sides
  uint64_t excused;   // differences in how much a full pipe or socket takes
  uint64_t cursor;    // where in the pattern the next bytes come from
  int waits;          // steps that slept until their time was over
  int sleeps;         // and those that others woke
  int storms;         // of signals, or threads
  int objects;
  Object object[kObjects];
  int watched[kVariables];  // the object that was put into an epoll set by this variable's number
  bool alive[kActors];
  pid_t pid[kActors];
  char report[1 << 14];
};

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_SHARED_H_
