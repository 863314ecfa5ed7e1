#include "world.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/calls/engine.h"

namespace faults {
namespace {

constexpr size_t kStream = 4 << 20;

// A stream of bytes of which no two stretches of sixteen are alike.
std::string make_stream() {
  std::string bytes(kStream, '\0');
  uint64_t state = 88172645463325252u;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state >> 32);
  }
  return bytes;
}

const std::string stream = make_stream();

}  // namespace

std::vector<Scenario>& scenarios() {
  static std::vector<Scenario> all;
  return all;
}

void World::wrong(const std::string& what) {
  if (verdict_.empty()) verdict_ = what;
}

bool World::complained() {
  struct stat st;
  return fstat(2, &st) == 0 && st.st_size > 0;
}

std::string_view World::next(size_t length) {
  used_ += length;
  return std::string_view(stream).substr(used_ - length, length);
}

void World::put_in(Box& to, size_t length) {
  const std::string_view bytes = next(length);
  if (::write(to.in, bytes.data(), length) != static_cast<ssize_t>(length)) abort();
  to.account += bytes;
}

void World::took(Box& from, std::string_view bytes) { arrived("somebody", 0, from, bytes); }

std::string World::diagnosis(std::string_view want, std::string_view got) {
  const size_t at = static_cast<size_t>(
      std::mismatch(want.begin(), want.end(), got.begin(), got.end()).first - want.begin());
  const std::string where = " at byte " + std::to_string(at) + " of " +
                            std::to_string(want.size()) + ", " + std::to_string(got.size()) +
                            " there";
  if (at == got.size()) return "bytes lost" + where;
  const std::string_view sample = got.substr(at, 16);
  const size_t place = stream.find(sample);
  if (sample.size() < 8 || place == std::string::npos) return "wrong bytes" + where;
  const size_t due = at < want.size() ? stream.find(want.substr(at, 16)) : kStream;
  return (place > due ? "bytes lost or overtaken" : "bytes doubled") + where;
}

// Compares what is in a box with its account. The descriptor that bytes come out of is still open.
void World::empty(Box& box) {
  std::string got;
  char buffer[65536];
  off64_t at = box.kind == Box::kSource ? ::lseek64(box.out, 0, SEEK_CUR) : 0;
  const auto more = [&]() -> ssize_t {
    switch (box.kind) {
      case Box::kPipe: {
        // What another thread can read of it, without waiting for what is not there.
        pollfd p{box.out, POLLIN, 0};
        if (anysplice::poll(&p, 1, 0) <= 0 || (p.revents & POLLIN) == 0) return 0;
        return anysplice::read(box.out, buffer, sizeof(buffer));
      }
      case Box::kSource:
      case Box::kSink: {
        const ssize_t n = ::pread(box.out, buffer, sizeof(buffer), at);
        at += std::max<ssize_t>(n, 0);
        return n;
      }
      default: {
        // Bytes over loopback may take a moment; of what must not be there none is waited for.
        pollfd p{box.out, POLLIN, 0};
        if (::poll(&p, 1, got.size() < box.account.size() ? 1000 : 0) <= 0) return 0;
        return ::recv(box.out, buffer, sizeof(buffer), MSG_DONTWAIT);
      }
    }
  };
  for (ssize_t n; (n = more()) > 0;) got.append(buffer, static_cast<size_t>(n));
  // The engine's marker stays in front of the bytes if it can be written and nothing can be read
  // any more.
  constexpr size_t kMarker = 16;
  const bool marked = complained() && got.size() == box.account.size() + kMarker;
  if (marked && got.ends_with(box.account)) got.erase(0, kMarker);
  if (got != box.account) wrong(std::string(box.name) + ": " + diagnosis(box.account, got));
  // And it must be of use still.
  if (box.kind == Box::kPipe && box.in >= 0) {
    char byte = 0;
    if (anysplice::write(box.in, "x", 1) != 1 || anysplice::read(box.out, &byte, 1) != 1 ||
        byte != 'x') {
      wrong(std::string(box.name) + ": of no use any more");
    }
  }
}

void World::settle_accounts() {
  for (Box& box : boxes_) {
    if (!box.loses && box.out >= 0) empty(box);
  }
}

}  // namespace faults
