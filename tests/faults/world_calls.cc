// The calls of World, and what they do to the accounts.
#include <errno.h>

#include <algorithm>
#include <cstring>

#include "core/calls/engine.h"
#include "errors.h"
#include "world.h"

namespace faults {

ssize_t World::moved(const char* call, ssize_t n, size_t length, Box* from, Box* to, bool copy) {
  if (n < 0) {
    if (!family_may_give(errno)) wrong(std::string(call) + " gives " + strerror(errno));
    return n;
  }
  const auto count = static_cast<size_t>(n);
  if (count > length) wrong(std::string(call) + " moved more than asked for");
  if (!from->loses && count > from->account.size()) {
    wrong(std::string(call) + " moved bytes that are not there");
  }
  if (!to->loses && !from->loses) to->account += from->account.substr(0, count);
  if (!copy) from->account.erase(0, count);
  return n;
}

ssize_t World::arrived(const char* call, ssize_t n, Box& from, std::string_view bytes) {
  if (n < 0) return n;
  if (from.account.compare(0, bytes.size(), bytes) != 0) {
    wrong(std::string(call) + ": " +
          diagnosis(std::string_view(from.account).substr(0, bytes.size()), bytes));
  }
  from.account.erase(0, bytes.size());
  return n;
}

ssize_t World::written(Box& to, ssize_t n, std::string_view bytes) {
  if (n >= 0) to.account += bytes.substr(0, static_cast<size_t>(n));
  // What was not taken is the next to be written.
  used_ -= bytes.size() - static_cast<size_t>(std::max<ssize_t>(n, 0));
  return n;
}

ssize_t World::splice(Box& from, Box& to, size_t length, unsigned flags, off64_t* off_in,
                      off64_t* off_out) {
  return moved("splice", anysplice::splice(from.out, off_in, to.in, off_out, length, flags), length,
               &from, &to);
}

ssize_t World::tee(Box& from, Box& to, size_t length, unsigned flags) {
  return moved("tee", anysplice::tee(from.out, to.in, length, flags), length, &from, &to, true);
}

ssize_t World::sendfile(Box& to, Box& from, size_t length, off64_t* offset) {
  return moved("sendfile", anysplice::sendfile(to.in, from.out, offset, length), length, &from,
               &to);
}

ssize_t World::copy_file_range(Box& from, Box& to, size_t length) {
  const ssize_t n = anysplice::copy_file_range(from.out, nullptr, to.in, nullptr, length, 0);
  // After these, programs copy by themselves.
  if (n < 0 && (errno == ENOSYS || errno == EXDEV)) return n;
  return moved("copy_file_range", n, length, &from, &to);
}

ssize_t World::vmsplice_in(Box& to, size_t length, unsigned flags) {
  const std::string_view bytes = next(length);
  const iovec iov[] = {{const_cast<char*>(bytes.data()), length / 3},
                       {const_cast<char*>(bytes.data()) + length / 3, length - length / 3}};
  const ssize_t n = anysplice::vmsplice(to.in, iov, 2, flags);
  if (n < 0 && !family_may_give(errno)) wrong(std::string("vmsplice gives ") + strerror(errno));
  return written(to, n, bytes);
}

ssize_t World::vmsplice_out(Box& from, size_t length, unsigned flags) {
  std::string bytes(length, '\0');
  const iovec iov[] = {{bytes.data(), length / 3},
                       {bytes.data() + length / 3, length - length / 3}};
  const ssize_t n = anysplice::vmsplice(from.out, iov, 2, flags);
  if (n < 0 && !family_may_give(errno)) wrong(std::string("vmsplice gives ") + strerror(errno));
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("vmsplice", n, from, bytes);
}

ssize_t World::write(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  return written(to, anysplice::write(to.in, bytes.data(), length), bytes);
}

ssize_t World::writev(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  const iovec iov[] = {{const_cast<char*>(bytes.data()), length / 2},
                       {const_cast<char*>(bytes.data()) + length / 2, length - length / 2}};
  return written(to, anysplice::writev(to.in, iov, 2), bytes);
}

ssize_t World::pwritev2(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  const iovec iov{const_cast<char*>(bytes.data()), length};
  return written(to, anysplice::pwritev2(to.in, &iov, 1, -1, 0), bytes);
}

ssize_t World::read(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const ssize_t n = anysplice::read(from.out, bytes.data(), length);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("read", n, from, bytes);
}

ssize_t World::readv(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const iovec iov[] = {{bytes.data(), length / 2},
                       {bytes.data() + length / 2, length - length / 2}};
  const ssize_t n = anysplice::readv(from.out, iov, 2);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("readv", n, from, bytes);
}

ssize_t World::preadv2(Box& from, size_t length) {
  std::string bytes(length, '\0');
  const iovec iov{bytes.data(), length};
  const ssize_t n = anysplice::preadv2(from.out, &iov, 1, -1, 0);
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return arrived("preadv2", n, from, bytes);
}

void World::close(int& fd) {
  anysplice::close(fd);
  fd = -1;
}

}  // namespace faults
