#include "core/memory/file_window.h"

#include <sys/mman.h>

#include "core/base/keep_errno.h"
#include "core/sys/memory.h"
#include "core/sys/sys.h"

namespace anysplice {

FileWindow::FileWindow(int fd, int64_t position, size_t size) {
  const KeepErrno keep;
  const size_t before = static_cast<size_t>(position) % system_page();
  length_ = before + size;
  void* const mapped = sys->mmap(nullptr, length_, PROT_READ, MAP_SHARED, fd,
                                 static_cast<off_t>(position - static_cast<int64_t>(before)));
  if (mapped == MAP_FAILED) return;
  mapped_ = mapped;
  data_ = static_cast<char*>(mapped) + before;
  keep_from_children(mapped_, length_);
}

FileWindow::~FileWindow() {
  const KeepErrno keep;
  if (mapped_ != nullptr) sys->munmap(mapped_, length_);
}

}  // namespace anysplice
