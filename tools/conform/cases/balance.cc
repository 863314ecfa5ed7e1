#include "tools/conform/cases/balance.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>

namespace oracle {

Balance::Balance(const Calls& sys, Move move)
    : sys_(sys), move_(move), from_(unread(move.from)), to_(unread(move.to)) {}

// The bytes in the pipe, -1 if it is none.
long Balance::unread(int fd) const {
  struct stat st;
  int bytes = 0;
  const bool pipe = fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
  return pipe && sys_.ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : -1;
}

std::string Balance::after(long moved) const {
  moved = std::max(moved, 0L);
  const long lost = from_ < 0 ? 0 : from_ - unread(move_.from);
  const long gained = to_ < 0 ? 0 : unread(move_.to) - to_;
  std::string text;
  const auto tell = [&](const char* what, long n) {
    text += " " + std::string(kWrong) + what + " " + std::to_string(n) + " bytes)";
  };
  if (from_ >= 0 && lost != (move_.keeps ? 0 : moved)) tell("the input lost", lost);
  if (to_ >= 0 && gained != moved) tell("the output gained", gained);
  return text;
}

}  // namespace oracle
