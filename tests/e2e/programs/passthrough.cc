// A file system of libfuse's low-level API that shows the files of a folder, one level deep. Data
// goes by splice in both directions, as far as libfuse does that: a reply is a header by vmsplice,
// data by splice behind it, and the header corrected in memory where the file has ended early.
//
//     passthrough FOLDER MOUNTPOINT [direct] [threads]
//
// Ends with the file system, or at SIGTERM. Exit status 3: may not mount.
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <string>
#include <vector>

namespace {

int folder;
bool direct;

std::mutex lock;
std::vector<std::string> names{".", "."};  // by number of the inode; 1 is the root

std::string name_of(fuse_ino_t inode) {
  const std::lock_guard<std::mutex> guard(lock);
  return inode < names.size() ? names[inode] : "";
}

fuse_ino_t inode_of(const char* name) {
  const std::lock_guard<std::mutex> guard(lock);
  for (size_t i = 2; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  names.emplace_back(name);
  return names.size() - 1;
}

bool describe(fuse_ino_t inode, struct stat* st) {
  if (fstatat(folder, name_of(inode).c_str(), st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  st->st_ino = inode;
  return true;
}

bool find(const char* name, fuse_entry_param* entry) {
  *entry = {};
  entry->ino = inode_of(name);
  return describe(entry->ino, &entry->attr);
}

void init(void*, fuse_conn_info* connection) {
  connection->want |= FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_MOVE;
  connection->want &= connection->capable;
  // With more, libfuse would not get a pipe that is large enough to take a whole request.
  connection->max_write = 128 * 1024;
}

void lookup(fuse_req_t request, fuse_ino_t, const char* name) {
  fuse_entry_param entry;
  if (!find(name, &entry)) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_entry(request, &entry);
  }
}

void getattr(fuse_req_t request, fuse_ino_t inode, fuse_file_info*) {
  struct stat st;
  if (!describe(inode, &st)) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_attr(request, &st, 0);
  }
}

// Only the size can be changed.
void setattr(fuse_req_t request, fuse_ino_t inode, struct stat* wanted, int what,
             fuse_file_info* file) {
  if ((what & FUSE_SET_ATTR_SIZE) != 0) {
    const int fd = openat(folder, name_of(inode).c_str(), O_WRONLY);
    const bool done = fd >= 0 && ftruncate(fd, wanted->st_size) == 0;
    const int error = errno;
    if (fd >= 0) close(fd);
    if (!done) {
      fuse_reply_err(request, error);
      return;
    }
  }
  getattr(request, inode, file);
}

bool open_file(const char* name, int flags, fuse_file_info* file) {
  const int fd = openat(folder, name, (flags & ~(O_NOFOLLOW | O_APPEND)) | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  file->fh = static_cast<uint64_t>(fd);
  file->direct_io = direct ? 1 : 0;
  return true;
}

void open(fuse_req_t request, fuse_ino_t inode, fuse_file_info* file) {
  if (!open_file(name_of(inode).c_str(), file->flags, file)) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_open(request, file);
  }
}

void create(fuse_req_t request, fuse_ino_t, const char* name, mode_t, fuse_file_info* file) {
  fuse_entry_param entry;
  if (!open_file(name, file->flags | O_CREAT, file) || !find(name, &entry)) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_create(request, &entry, file);
  }
}

void release(fuse_req_t request, fuse_ino_t, fuse_file_info* file) {
  close(static_cast<int>(file->fh));
  fuse_reply_err(request, 0);
}

fuse_bufvec of_file(const fuse_file_info* file, off_t at, size_t size) {
  fuse_bufvec buffers{};
  buffers.count = 1;
  buffers.buf[0].size = size;
  buffers.buf[0].flags = static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  buffers.buf[0].fd = static_cast<int>(file->fh);
  buffers.buf[0].pos = at;
  return buffers;
}

void read(fuse_req_t request, fuse_ino_t, size_t size, off_t at, fuse_file_info* file) {
  fuse_bufvec buffers = of_file(file, at, size);
  fuse_reply_data(request, &buffers, FUSE_BUF_SPLICE_MOVE);
}

void write(fuse_req_t request, fuse_ino_t, fuse_bufvec* data, off_t at, fuse_file_info* file) {
  fuse_bufvec buffers = of_file(file, at, fuse_buf_size(data));
  const ssize_t n = fuse_buf_copy(&buffers, data, FUSE_BUF_SPLICE_MOVE);
  if (n < 0) {
    fuse_reply_err(request, static_cast<int>(-n));
  } else {
    fuse_reply_write(request, static_cast<size_t>(n));
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 3 || (folder = ::open(words[1], O_RDONLY | O_DIRECTORY)) < 0) return 2;
  bool threads = false;
  for (int i = 3; i < count; ++i) {
    direct |= strcmp(words[i], "direct") == 0;
    threads |= strcmp(words[i], "threads") == 0;
  }
  fuse_lowlevel_ops operations{};
  operations.init = init;
  operations.lookup = lookup;
  operations.getattr = getattr;
  operations.setattr = setattr;
  operations.open = open;
  operations.create = create;
  operations.read = read;
  operations.write_buf = write;
  operations.release = release;
  fuse_args arguments = FUSE_ARGS_INIT(1, words);
  fuse_session* const session =
      fuse_session_new(&arguments, &operations, sizeof(operations), nullptr);
  if (session == nullptr || fuse_set_signal_handlers(session) != 0) return 2;
  if (fuse_session_mount(session, words[2]) != 0) return 3;
  int failed;
  if (threads) {
    fuse_loop_config config{};
    config.max_idle_threads = 10;
    failed = fuse_session_loop_mt(session, &config);
  } else {
    failed = fuse_session_loop(session);
  }
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return failed != 0 ? 1 : 0;
}
