// A stretch of a regular file, mapped for the time of one call, for a system call to take bytes
// from.
//
// Only the kernel may touch it: where the file was cut meanwhile, or cannot be read, a system call
// fails with EFAULT, but an access of ours would be a signal. Nothing stays mapped, since that
// would keep the file busy. Async-signal-safe; keeps errno. Signals are to be blocked, or put off,
// while there is one: who jumps away would leave it mapped.
#ifndef ANYSPLICE_CORE_MEMORY_FILE_WINDOW_H_
#define ANYSPLICE_CORE_MEMORY_FILE_WINDOW_H_

#include <stddef.h>
#include <stdint.h>

namespace anysplice {

class FileWindow {
 public:
  // The most of a file that is mapped at a time.
  static constexpr size_t kMost = size_t{1} << 20;

  // Without address space, memory that may be locked (mlockall(2)), or where the file system cannot
  // map it, data() is null.
  FileWindow(int fd, int64_t position, size_t size);
  ~FileWindow();
  FileWindow(const FileWindow&) = delete;
  FileWindow& operator=(const FileWindow&) = delete;

  char* data() const { return data_; }

 private:
  void* mapped_ = nullptr;
  size_t length_ = 0;
  char* data_ = nullptr;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_FILE_WINDOW_H_
