#include "traffic.h"

#include <errno.h>

#include <algorithm>

namespace schedules {

void check_rotation(const Pipe& a, const Pipe& b, std::string_view bytes) {
  const std::string found = drain(a.r) + drain(b.r);
  // The bytes of one pipe may come before or behind those of the other.
  const size_t first = (found + found).find(bytes.substr(0, 16));
  std::string turned = found;
  if (first != std::string::npos)
    std::rotate(turned.begin(), turned.begin() + static_cast<long>(first), turned.end());
  same("round and round", turned, bytes);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = anysplice::write(fd, bytes.data(), bytes.size());
    if (n < 0) wrong("write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void produce(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t part = std::min<size_t>(bytes.size(), 1 + below(6000));
    const iovec iov{const_cast<char*>(bytes.data()), part};
    const ssize_t n = below(2) == 0 ? anysplice::write(fd, bytes.data(), part)
                                    : anysplice::vmsplice(fd, &iov, 1, 0);
    if (n < 0) wrong("a write fails");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string consume(int fd, size_t length) {
  std::string got;
  char buffer[8192];
  while (got.size() < length) {
    const size_t part = std::min<size_t>(length - got.size(), 1 + below(sizeof(buffer)));
    const iovec iov{buffer, part};
    const ssize_t n =
        below(2) == 0 ? anysplice::read(fd, buffer, part) : anysplice::vmsplice(fd, &iov, 1, 0);
    if (n <= 0) break;
    got.append(buffer, static_cast<size_t>(n));
  }
  return got;
}

void carry_some(int from, int to) {
  const ssize_t n = anysplice::splice(from, nullptr, to, nullptr, 1 + below(9000), kNow);
  if (n <= 0 && errno != EAGAIN) wrong("a splice: errno " + std::to_string(errno));
}

}  // namespace schedules
