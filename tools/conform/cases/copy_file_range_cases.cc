// copy_file_range: the order of the checks, offsets, ranges, limits and what the files have
// afterwards. (The engine answers it only where it is asked to.)
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/ends.h"

namespace oracle {
namespace {

// An offset argument in memory.
class At {
 public:
  explicit At(Offset offset) : offset_(offset), value_(offset.value) {
    if (offset.kind != Offset::kReadOnlyAddress) return;
    page_ = static_cast<int64_t*>(
        mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    *page_ = offset.value;
    mprotect(page_, kPage, PROT_READ);
  }
  ~At() {
    if (page_ != nullptr) munmap(page_, kPage);
  }
  int64_t* pointer() {
    switch (offset_.kind) {
      case Offset::kNull:
        return nullptr;
      case Offset::kBadAddress:
        return reinterpret_cast<int64_t*>(8);
      case Offset::kReadOnlyAddress:
        return page_;
      case Offset::kValue:
        break;
    }
    return &value_;
  }
  void note(World& w, const char* label) const {
    if (offset_.kind == Offset::kValue) w.note("  %s %lld", label, static_cast<long long>(value_));
  }

 private:
  Offset offset_;
  int64_t value_;
  int64_t* page_ = nullptr;
};

void copy(World& w, int in, Offset from, int out, Offset to, size_t count, unsigned flags = 0) {
  At in_at(from), out_at(to);
  w.call("copy_file_range", [&] {
    return w.sys.copy_file_range(in, in_at.pointer(), out, out_at.pointer(), count, flags);
  });
  in_at.note(w, "source");
  out_at.note(w, "target");
}

void try_pair(World& w, const char* in, const char* out, Offset from, Offset to, size_t count,
              unsigned flags) {
  if (left_out(kind(in), kind(out)) || left_out(from) || left_out(to)) return w.leave_out();
  const End source = kind(in).make(w), target = kind(out).make(w);
  w.header("%s @%s -> %s @%s, count %zu, flags %u", in, to_string(from).c_str(), out,
           to_string(to).c_str(), count, flags);
  copy(w, source.fd, from, target.fd, to, count, flags);
  if (source.look) source.look();
  if (target.look) target.look();
  w.fresh();
}

const std::vector<const char*> kEnds = {"pipe read end",
                                        "pipe write end",
                                        "closed",
                                        "file",
                                        "file, O_WRONLY",
                                        "file, O_RDONLY",
                                        "file, O_PATH",
                                        "file, O_APPEND",
                                        "directory",
                                        "file, at its end",
                                        "memfd, no writing",
                                        "unix stream",
                                        "/dev/null",
                                        "/dev/zero",
                                        "file, beyond its end",
                                        "eventfd"};

}  // namespace

GROUP("copy_file_range: every pair of ends, flags, lengths") {
  std::vector<Case> cases;
  for (const char* in : kEnds) {
    cases.push_back({std::string("copy_file_range from ") + in, [=](World& w) {
                       for (const char* out : kEnds) {
                         for (const unsigned flags : {0u, 1u}) {
                           for (const size_t count : {size_t{0}, size_t{7}, SIZE_MAX}) {
                             try_pair(w, in, out, kNone, kNone, count, flags);
                           }
                         }
                       }
                     }});
  }
  check(cases);
}

GROUP("copy_file_range: offsets") {
  const std::vector<Offset> offsets = {kNone,  at(0),          at(5),    at(995),
                                       at(-1), at(INT64_MAX),  at(5000), at(INT64_MAX - 10),
                                       kBad,   read_only_at(5)};
  std::vector<Case> cases;
  for (const Offset from : offsets) {
    cases.push_back(
        {"copy_file_range file at " + to_string(from), [=](World& w) {
           for (const Offset to : offsets) {
             for (const size_t count : {size_t{0}, size_t{1}, size_t{100}, size_t{SSIZE_MAX}}) {
               try_pair(w, "file", "file", from, to, count, 0);
               try_pair(w, "file", "file, O_RDONLY", from, to, count, 0);
               try_pair(w, "file", "pipe write end", from, to, count, 1);
             }
           }
         }});
  }
  check(cases);
}

GROUP("copy_file_range: within one file") {
  check({{"copy_file_range: ranges of one file",
          [](World& w) {
            for (const int from : {0, 100, 150, 199, 200, 900, 999, 1000, 2000}) {
              for (const int to : {0, 100, 150, 199, 200, 300, 1000, 5000}) {
                for (const size_t count : {0, 1, 50, 100, 101, 5000}) {
                  w.header("%d -> %d, %zu", from, to, count);
                  const int fd = w.file(bytes(1000));
                  copy(w, fd, at(from), fd, at(to), count);
                  w.content("file", fd);
                  w.fresh();
                }
              }
            }
          }},
         {"copy_file_range: a file's description with itself", [](World& w) {
            for (const size_t count : {0, 1, 100}) {
              for (const int position : {0, 10, 1000, 1100}) {
                w.header("%d, %zu", position, count);
                const int fd = w.file(bytes(1000));
                lseek(fd, position, SEEK_SET);
                copy(w, fd, kNone, w.dup(fd), kNone, count);
                w.content("file", fd);
                copy(w, fd, kNone, fd, at(2000), count);
                w.content("file", fd);
                w.fresh();
              }
            }
          }}});
}

GROUP("copy_file_range: data") {
  check({{"copy_file_range: a large file, in parts",
          [](World& w) {
            const int in = w.file(bytes(3000000)), out = w.file(bytes(100));
            lseek(in, 11, SEEK_SET);
            lseek(out, 50, SEEK_SET);
            for (const size_t count :
                 {size_t{1}, size_t{70000}, size_t{1500000}, SIZE_MAX / 4, size_t{5}}) {
              copy(w, in, kNone, out, kNone, count);
              w.position("in", in);
              w.content("out", out);
            }
          }},
         {"copy_file_range: a file with holes",
          [](World& w) {
            const int in = w.file("begin"), out = w.file(bytes(300));
            if (ftruncate(in, 200000) != 0) w.skip("no room");
            if (::pwrite(in, "end", 3, 150000) != 3) w.skip("no room");
            copy(w, in, at(0), out, at(10), 1000000);
            w.content("out", out);
          }},
         {"copy_file_range: files of two file systems",
          [](World& w) {
            const int memory = w.keep(memfd_create("oracle", MFD_CLOEXEC));
            if (::write(memory, "memory", 6) != 6) w.skip("no room");
            const int file = w.file(bytes(100));
            struct stat a, b;
            if (fstat(memory, &a) != 0 || fstat(file, &b) != 0 || a.st_dev == b.st_dev) {
              w.skip("files are in memory here");
            }
            for (const size_t count : {size_t{0}, size_t{5}, SIZE_MAX}) {
              copy(w, memory, at(0), file, at(0), count);
              copy(w, file, at(0), memory, at(0), count);
              copy(w, memory, at(-1), file, at(0), count, 1);
            }
            w.content("file", file);
            const int proc = w.open("/proc/version", O_RDONLY);
            copy(w, proc, kNone, file, kNone, 100);
          }},
         {"copy_file_range from /proc/version -> /proc/self/comm",
          [](World& w) {
            const int proc = w.open("/proc/version", O_RDONLY);
            const int comm = w.open("/proc/self/comm", O_RDWR);
            copy(w, proc, kNone, comm, kNone, 100);
          }},
         {"copy_file_range: a file at a limit on sizes", [](World& w) {
            const rlimit limit = {1000, 1000};
            setrlimit(RLIMIT_FSIZE, &limit);
            for (const int to : {0, 900, 990, 999, 1000, 1001, 5000}) {
              for (const size_t count : {0, 1, 50, 200}) {
                for (const int from : {0, 550, 600, 700}) {
                  w.header("%d -> %d, %zu", from, to, count);
                  const int in = w.file(bytes(600)), out = w.file(bytes(10));
                  copy(w, in, at(from), out, at(to), count);
                  w.content("out", out);
                  w.fresh();
                }
              }
            }
          }}});
}

}  // namespace oracle
