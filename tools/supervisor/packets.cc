#include "tools/supervisor/packets.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/sys/sys.h"
#include "tools/supervisor/known_packets.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

struct Shown {
  int fd = -1;
  PipeName pipe;
  // The flag has been taken away: what is in the pipe may be packets or not. It is read as packets,
  // of which then nothing is lost, and put back as such only if a read has shown that they are.
  bool in_doubt = false;
};
thread_local Shown shown[2];

// The flags of a descriptor as the thread has it; 0 if they cannot be known.
unsigned long flags_of(pid_t thread, const char* fd) {
  const std::string text = text_of(absl::StrCat("/proc/", thread, "/fdinfo/", fd));
  const std::string octal(status_value(text, "flags"));
  return strtoul(octal.c_str(), nullptr, 8);
}

enum class Writes { kNothing, kBytes, kPackets };

// What the thread writes to the pipe, as its descriptors show.
Writes written_by(pid_t thread, const PipeName& pipe) {
  const std::string folder = absl::StrCat("/proc/", thread, "/fd");
  DIR* const numbers = opendir(folder.c_str());
  if (numbers == nullptr) return Writes::kNothing;
  const absl::Cleanup shut = [numbers] { closedir(numbers); };
  Writes found = Writes::kNothing;
  while (const dirent* entry = readdir(numbers)) {
    struct stat st;
    PipeName name;
    if (fstatat(dirfd(numbers), entry->d_name, &st, 0) != 0 || !name_of(st, &name) ||
        name != pipe) {
      continue;
    }
    const unsigned long flags = flags_of(thread, entry->d_name);
    if ((flags & O_DIRECT) != 0) return Writes::kPackets;
    if ((flags & O_ACCMODE) != O_RDONLY) found = Writes::kBytes;
  }
  return found;
}

// Of the pipe that a descriptor of ours is an end of, if it is in doubt.
Shown* in_doubt(int fd) {
  if (!shown[0].in_doubt && !shown[1].in_doubt) return nullptr;
  struct stat st;
  PipeName name;
  if (fstat(fd, &st) != 0 || !name_of(st, &name)) return nullptr;
  for (Shown& one : shown) {
    if (one.in_doubt && one.pipe == name) return &one;
  }
  return nullptr;
}

int (*fcntl_behind)(int, int, long);

int fcntl_with_packets(int fd, int command, long argument) {
  const bool sets = command == F_SETFL && (argument & O_DIRECT) != 0;
  if (sets && in_doubt(fd) != nullptr) argument &= ~long{O_DIRECT};
  const int result = fcntl_behind(fd, command, argument);
  const bool asks = command == F_GETFL && result >= 0;
  const auto is_it = [fd](const Shown& one) { return one.fd == fd; };
  return asks && std::any_of(shown, shown + 2, is_it) ? result | O_DIRECT : result;
}

// A read that ends before the bytes do, and before its room, has taken a packet.
template <typename Read>
ssize_t read_in_doubt(int fd, const iovec* iov, int count, Read read) {
  Shown* const one = in_doubt(fd);
  int there = 0;
  if (one == nullptr || ioctl(fd, FIONREAD, &there) != 0) return read();
  size_t room = 0;
  for (int i = 0; i < count; ++i) room += iov[i].iov_len;
  const ssize_t n = read();
  if (n > 0 && n < there && static_cast<size_t>(n) < room) one->in_doubt = false;
  return n;
}

ssize_t (*readv_behind)(int, const iovec*, int);

ssize_t readv_of_packets(int fd, const iovec* iov, int count) {
  return read_in_doubt(fd, iov, count, [=] { return readv_behind(fd, iov, count); });
}

#ifdef ANYSPLICE_HOST_PREADV2
decltype(Sys::preadv2) preadv2_behind;

ssize_t preadv2_of_packets(int fd, const iovec* iov, int count, int64_t at, int flags) {
  return read_in_doubt(fd, iov, count, [=] { return preadv2_behind(fd, iov, count, at, flags); });
}
#endif

}  // namespace

void show_packets() {
  fcntl_behind = std::exchange(sys->fcntl, fcntl_with_packets);
  readv_behind = std::exchange(sys->readv, readv_of_packets);
#ifdef ANYSPLICE_HOST_PREADV2
  preadv2_behind = std::exchange(sys->preadv2, preadv2_of_packets);
#endif
}

ShownPackets::ShownPackets(const Target& target, int ours)
    : ours_(packets_asked_for() ? ours : -1) {
  struct stat st;
  PipeName name;
  if (ours_ < 0 || fstat(ours_, &st) != 0 || !name_of(st, &name)) return;
  if ((fcntl(ours_, F_GETFL) & O_ACCMODE) == O_WRONLY) return;  // it shows what it writes
  const bool known = is_pipe_of_packets(name);
  const Writes written = written_by(target.thread(), name);
  if (!known && written != Writes::kPackets) return;
  if (!known) remember_packets(name);
  Shown& free = shown[0].fd < 0 ? shown[0] : shown[1];
  free = {.fd = ours_, .pipe = name, .in_doubt = written == Writes::kBytes};
}

ShownPackets::~ShownPackets() {
  for (Shown& one : shown) {
    if (ours_ >= 0 && one.fd == ours_) one = Shown();
  }
}

}  // namespace anysplice::tools
