// Calls of the family that wait, and what makes them go on.
#ifndef ANYSPLICE_TESTS_HAZARDS_BLOCKED_H_
#define ANYSPLICE_TESTS_HAZARDS_BLOCKED_H_

#include <sys/types.h>

#include "hazard.h"

enum class Call {
  kSpliceFromEmpty,  // an empty pipe -> file
  kSpliceBetween,    // an empty pipe -> pipe
  kSpliceIntoFull,   // file -> a full pipe
  kTee,              // from an empty pipe
  kTeeIntoFull,
  kVmspliceInto,  // a full pipe
  kVmspliceFrom,  // an empty pipe
  kSendfile,      // into a full pipe
};
inline constexpr Call kCalls[] = {
    Call::kSpliceFromEmpty, Call::kSpliceBetween, Call::kSpliceIntoFull, Call::kTee,
    Call::kTeeIntoFull,     Call::kVmspliceInto,  Call::kVmspliceFrom,   Call::kSendfile};

// One such call and the pipe it waits for.
class Blocked {
 public:
  explicit Blocked(Call call);

  // Makes the call; it waits until unblock().
  ssize_t call();
  // Puts 5 bytes into the empty pipe, or takes 8192 out of the full one. Async-signal-safe.
  void unblock();
  // After the call: every byte that should be in the pipe, and the pipe of use as before.
  void check();

  Call kind() const { return kind_; }

 private:
  bool waits_for_room() const {
    return kind_ == Call::kSpliceIntoFull || kind_ == Call::kTeeIntoFull ||
           kind_ == Call::kVmspliceInto || kind_ == Call::kSendfile;
  }

  Call kind_;
  hazard::Pipe pipe_;
  hazard::Pipe other_;
  int file_;
  char memory_[8] = "vmsplic";
};

#endif  // ANYSPLICE_TESTS_HAZARDS_BLOCKED_H_
