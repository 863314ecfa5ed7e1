#include "tools/supervisor/known_packets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tools/supervisor/rights.h"

namespace anysplice::tools {
namespace {

// More are not remembered: the oldest have most likely gone.
constexpr size_t kMostKnown = 1 << 16;

std::atomic<bool> asked_for{false};
std::mutex mutex;
std::set<PipeName> known;       // guarded by mutex
std::deque<PipeName> in_order;  // the same; guarded by mutex

// Whether two more can be had for certain: what has been put into the program cannot be taken back.
bool has_two_numbers(const Target& target) {
  const std::string folder = absl::StrCat("/proc/", target.thread(), "/fd");
  DIR* const numbers = opendir(folder.c_str());
  if (numbers == nullptr) return false;
  const absl::Cleanup shut = [numbers] { closedir(numbers); };
  uint64_t used = 0;
  while (const dirent* entry = readdir(numbers)) used += entry->d_name[0] != '.';
  return used + 2 <= target.descriptor_limit();
}

// The ends get the numbers that the kernel's own call would have given them.
bool make_pipe(Target& target, uint64_t numbers, int flags) {
  int ends[2];
  // The pipe is its maker's, and the numbers have to get there.
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) != 0 || !has_our_rights(target) ||
      !target.read(numbers, ends, sizeof(ends)) || !target.write(numbers, ends, sizeof(ends)) ||
      !has_two_numbers(target) || pipe2(ends, flags | O_CLOEXEC) != 0) {
    return false;
  }
  struct stat st;
  PipeName name;
  if (fstat(ends[0], &st) == 0 && name_of(st, &name)) remember_packets(name);
  const bool by_exec = (flags & O_CLOEXEC) != 0;
  int theirs[2];
  const bool added = (theirs[0] = target.add(ends[0], by_exec)) >= 0 &&
                     (theirs[1] = target.add(ends[1], by_exec)) >= 0;
  for (const int end : ends) close(end);
  return added && target.write(numbers, theirs, sizeof(theirs));
}

void note_pipe(Target& target, int fd) {
  const int ours = target.take(fd);
  struct stat st;
  PipeName name;
  if (ours >= 0 && fstat(ours, &st) == 0 && name_of(st, &name)) remember_packets(name);
  Target::give_back(ours);
}

}  // namespace

bool name_of(const struct stat& st, PipeName* name) {
  *name = {st.st_dev, st.st_ino};
  return S_ISFIFO(st.st_mode);
}

bool make_packets(Target& target, const seccomp_data& call) {
  asked_for = true;
  if (call.nr == SYS_pipe2) {
    return make_pipe(target, call.args[0], static_cast<int>(call.args[1]));
  }
  note_pipe(target, static_cast<int>(call.args[0]));
  return false;
}

bool packets_asked_for() { return asked_for; }

bool is_pipe_of_packets(const PipeName& pipe) {
  const std::lock_guard lock(mutex);
  return known.count(pipe) > 0;
}

void remember_packets(const PipeName& pipe) {
  const std::lock_guard lock(mutex);
  if (!known.insert(pipe).second) return;
  in_order.push_back(pipe);
  if (in_order.size() <= kMostKnown) return;
  known.erase(in_order.front());
  in_order.pop_front();
}

}  // namespace anysplice::tools
