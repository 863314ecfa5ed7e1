#include "tests/fuzz/draws.h"

#include <fcntl.h>
#include <poll.h>

#include <iterator>

namespace fuzz {

void Draws::draw_likings() {
  lengths_ = below(4);
  blocking_ = below(4) == 0;
}

std::vector<int> Draws::all(unsigned guesses) {
  std::vector<int> list;
  for (int i = 0; i < kVariables; ++i) {
    if ((guesses >> guess_[i] & 1) != 0) list.push_back(i);
  }
  return list;
}

int Draws::pick(unsigned guesses) {
  const std::vector<int> list = all(guesses);
  if (list.empty() || chance(2)) return static_cast<int>(below(kVariables));
  return list[below(static_cast<unsigned>(list.size()))];
}

int64_t Draws::length() {
  const unsigned liking = lengths_ == 0 ? below(10) : lengths_ == 1 ? below(5) : 2 + below(8);
  switch (liking) {
    case 0:
      return below(3);
    case 1:
    case 2:
      return 1 + below(200);
    case 3:
      return 1 + below(5000);
    case 4:
    case 5:
      return static_cast<int64_t>((1 + below(17)) * 4096 + below(3)) - 1;
    case 6:
      return 1 + below(70000);
    case 7:
      return 65536;
    case 8:
      return chance(50) ? 1 << 20 : 1 << 30;
    default:
      return chance(50) ? -1 : 4096;  // SIZE_MAX
  }
}

int64_t Draws::offset(int v) {
  if (chance(2)) return kBadOffset;
  if (guess_[v] != kAnyFile && !chance(3)) return kNoOffset;
  constexpr int64_t kEdges[] = {0, 1, 4095, 4096, 4097, -1, INT64_MAX, 1 << 20};
  switch (below(4)) {
    case 0:
      return below(20000);
    case 1:
      return kEdges[below(std::size(kEdges))];
    default:
      return kNoOffset;
  }
}

int64_t Draws::family_flags() {
  int64_t flags = chance(blocking_ ? 60 : 90) ? SPLICE_F_NONBLOCK : 0;
  if (chance(10)) flags |= SPLICE_F_MOVE;
  if (chance(10)) flags |= SPLICE_F_MORE;
  if (chance(5)) flags |= SPLICE_F_GIFT;
  if (chance(1)) flags |= 0x10;
  return flags;
}

int64_t Draws::segments() { return chance(2) ? below(1100) : 1 + below(6); }

int64_t Draws::bad_segment() { return chance(5) ? static_cast<int64_t>(below(4)) : -1; }

int64_t Draws::open_flags() {
  return (chance(blocking_ ? 40 : 92) ? O_NONBLOCK : 0) | (chance(15) ? O_CLOEXEC : 0);
}

int64_t Draws::events() {
  constexpr int64_t kEvents[] = {POLLIN, POLLOUT, POLLIN | POLLOUT, 0};
  return kEvents[below(4)];
}

}  // namespace fuzz
