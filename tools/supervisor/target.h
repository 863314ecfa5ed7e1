// A thread of the program that waits for the answer to a call: its descriptors, its memory, and
// what happens to it meanwhile.
//
// One object is one call, used by the thread that carries it out. What is seen of the thread holds
// only if is_waiting() says afterwards that it still waits: else its number may be another's by
// now.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_TARGET_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_TARGET_H_

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tools/supervisor/pidfd.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {

class Target {
 public:
  Target(int listener, const seccomp_notif& call);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  pid_t thread() const { return thread_; }
  // Which thread that is; none before Linux 6.13.
  const std::optional<ThreadInfo>& info() const { return info_; }
  // What /proc/TID/status says, which takes time: it is asked for once.
  const std::string& status();
  Relatives relatives();
  bool is_waiting() const;

  // A descriptor of ours for what its number names, to be closed by give_back(): -EBADF if it names
  // nothing, or another -errno if the system does not let us have it.
  int take(int fd);
  static void give_back(int fd);
  // Gives the program a descriptor for what `ours` names: its number there, or -errno.
  int add(int ours, bool closed_by_exec) const;

  // False for a bad address.
  bool read(uint64_t from, void* to, size_t size) const;
  bool write(uint64_t to, const void* from, size_t size) const;
  // As much of the memory as there is before the first bad address.
  size_t read_some(uint64_t from, void* to, size_t size) const;
  // How much from there on the thread itself could write.
  size_t writable(uint64_t from, size_t size);

  // How large files that it writes may become, and how many descriptors it may have.
  uint64_t file_size_limit() const { return limit(RLIMIT_FSIZE); }
  uint64_t descriptor_limit() const { return limit(RLIMIT_NOFILE); }

  // To be raised in the thread.
  void send(int signal) const;

 private:
  struct Mapping {
    uint64_t first, end;
    bool readable, writable;
  };

  int open_process();
  const std::vector<Mapping>& mappings();
  size_t present(uint64_t from, size_t size) const;
  uint64_t limit(__rlimit_resource which) const;

  const int listener_;
  const uint64_t id_;
  const pid_t thread_;
  int pidfd_;  // or -errno
  std::optional<ThreadInfo> info_;
  std::string status_;
  std::vector<Mapping> mappings_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_TARGET_H_
