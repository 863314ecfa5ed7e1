// Whether pipes gain and lose what a call says it moved.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_BALANCE_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_BALANCE_H_

#include <string>

#include "tools/call_table.h"

namespace oracle {

using Calls = anysplice::tools::CallTable;

// In an outcome that no reason excuses.
inline constexpr const char* kWrong = "(WRONG: ";

// The ends a call moves bytes between; what is no pipe is not looked at.
struct Move {
  int from = -1;
  int to = -1;
  bool keeps = false;  // the bytes stay in `from` as well
};

class Balance {
 public:
  // Before the call.
  Balance(const Calls& sys, Move move);
  // After it: nothing, or what is wrong.
  std::string after(long moved) const;

 private:
  long unread(int fd) const;

  const Calls& sys_;
  Move move_;
  long from_, to_;
};

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_BALANCE_H_
