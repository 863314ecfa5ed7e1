// A temporary file of zeros, mapped here, to be mapped by the processes that get its path.
#ifndef ANYSPLICE_TOOLS_SHARED_FILE_H_
#define ANYSPLICE_TOOLS_SHARED_FILE_H_

#include <stddef.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

// In $TMPDIR or /tmp, removed with this object.
class SharedFile {
 public:
  // `what` becomes part of its name.
  static absl::StatusOr<std::unique_ptr<SharedFile>> create(absl::string_view what, size_t size);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  const std::string& path() const { return path_; }
  void* memory() const { return memory_; }

 private:
  SharedFile(std::string path, void* memory, size_t size)
      : path_(std::move(path)), memory_(memory), size_(size) {}

  std::string path_;
  void* memory_;
  size_t size_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SHARED_FILE_H_
