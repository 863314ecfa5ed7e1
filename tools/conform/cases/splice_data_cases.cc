// splice: which bytes move, how many, and what stays where.
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"

namespace oracle {
namespace {

const std::vector<size_t> kLengths = {1, 50, 4096, 4097, 61440, 65535, 65536, 70000, kHuge};

void limit_file_size(rlim_t limit) {
  const rlimit both = {limit, limit};
  setrlimit(RLIMIT_FSIZE, &both);
}

}  // namespace

GROUP("splice: file to pipe, by what is in the pipe") {
  std::vector<Case> cases;
  for (const Load& load : loads()) {
    for (const size_t size : {0, 1, 4095, 4096, 5000, 65535, 65536, 65537, 200000}) {
      cases.push_back({"splice file of " + std::to_string(size) + " -> pipe with " + load.name,
                       [&load, size](World& w) {
                         for (const loff_t from : {0, 1, 4095, 4096, 4100}) {
                           for (const size_t len : {size_t{1}, size_t{4097}, kHuge}) {
                             const Pipe p = loaded_pipe(w, load);
                             const int fd = w.file(bytes(size, 9));
                             lseek(fd, 7, SEEK_SET);
                             w.header("from %lld, len %zu", static_cast<long long>(from), len);
                             w.splice(fd, at(from), p.w, kNone, len, kNonblock);
                             w.position("file", fd);
                             w.readable(p.r);
                             w.rest("pipe", p.r);
                             w.fresh();
                           }
                         }
                       },
                       allowed_for(load.scattered)});
    }
  }
  check(cases);
}

// A page of a file that is only partly used takes a slot of its own.
GROUP("splice: file to pipe, several times") {
  std::vector<Case> cases;
  for (const size_t size : {100, 5000, 65535, 200000}) {
    for (const size_t len : {size_t{1}, size_t{4097}, kHuge}) {
      cases.push_back(
          {"splice file of " + std::to_string(size) + " in pieces of " + std::to_string(len),
           [=](World& w) {
             const Pipe p = w.pipe();
             const int fd = w.file(bytes(size, 9));
             lseek(fd, 7, SEEK_SET);
             for (int i = 0; i < 18; ++i) w.splice(fd, p.w, len, kNonblock);
             w.position("file", fd);
             w.rest("pipe", p.r);
           },
           {kMerges}});
    }
  }
  check(cases);
}

GROUP("splice: pipe to file, by what is in the pipe") {
  std::vector<Case> cases;
  for (const Load& load : loads()) {
    cases.push_back({std::string("splice pipe with ") + load.name + " -> file", [&load](World& w) {
                       for (const size_t len : kLengths) {
                         for (const Offset off : {kNone, at(0), at(1), at(4090), at(100000)}) {
                           const Pipe p = loaded_pipe(w, load);
                           const int fd = w.file(bytes(6000, 9));
                           lseek(fd, 3, SEEK_SET);
                           w.header("to %s, len %zu", to_string(off).c_str(), len);
                           w.splice(p.r, kNone, fd, off, len, kNonblock);
                           w.content("file", fd);
                           w.readable(p.r);
                           w.splice(p.r, kNone, fd, off, len, kNonblock);
                           w.content("file", fd);
                           w.rest("pipe", p.r);
                           w.fresh();
                         }
                       }
                     }});
  }
  check(cases);
}

GROUP("splice: pipe to pipe, by what is in both") {
  check(between_loads("splice", [](World& w, int read_end, int write_end, size_t length) {
    w.splice(read_end, write_end, length, kNonblock);
  }));
}

GROUP("splice: positions and offsets") {
  check({
      {"splice: two descriptors of one file share the position",
       [](World& w) {
         const int fd = w.file(bytes(1000));
         const int copy = w.dup(fd);
         const Pipe p = w.pipe();
         w.splice(fd, p.w, 100);
         w.position("other", copy);
         w.splice(copy, p.w, 100);
         w.position("first", fd);
         w.rest("pipe", p.r);
       }},
      {"splice: the same file in and out over a pipe",
       [](World& w) {
         const int fd = w.file(bytes(1000));
         const Pipe p = w.pipe();
         w.splice(fd, at(0), p.w, kNone, 500);
         w.splice(p.r, kNone, fd, at(1000), 500);
         w.content("file", fd);
       }},
      {"splice: file pieces keep their order",
       [](World& w) {
         const int fd = w.file(bytes(1000));
         const Pipe p = w.pipe();
         for (const loff_t from : {900, 300, 0, 999, 1000, 500}) {
           w.splice(fd, at(from), p.w, kNone, 100);
         }
         w.rest("pipe", p.r);
       }},
      {"splice: partial moves to a file, byte by byte",
       [](World& w) {
         const Pipe p = w.pipe_of(bytes(20));
         const int fd = w.file("");
         for (int i = 0; i < 21; ++i) w.splice(p.r, fd, 1, kNonblock);
         w.content("file", fd);
       }},
      {"splice: into a hole far away",
       [](World& w) {
         const Pipe p = w.pipe_of("end");
         const int fd = w.file("");
         w.splice(p.r, kNone, fd, at(int64_t{5} << 30), 3);
         w.content("file", fd);
       }},
      {"splice: out of a hole",
       [](World& w) {
         const int fd = w.file("data");
         if (ftruncate(fd, 100000) != 0) w.skip("no sparse files");
         const Pipe p = w.pipe();
         w.splice(fd, p.w, 50000);
         w.splice(fd, p.w, 50000, kNonblock);
         w.rest("pipe", p.r);
       }},
      {"splice: a file that shrank",
       [](World& w) {
         const int fd = w.file(bytes(50000));
         const Pipe p = w.pipe();
         w.splice(fd, p.w, 20000);
         if (ftruncate(fd, 10000) != 0) w.skip("cannot truncate");
         w.splice(fd, p.w, 20000);
         w.splice(fd, at(5000), p.w, kNone, 20000);
         w.position("file", fd);
         w.readable(p.r);
       }},
      {"splice: a file that grew",
       [](World& w) {
         const int fd = w.file(bytes(10));
         const Pipe p = w.pipe();
         w.splice(fd, p.w, 100);
         w.splice(fd, p.w, 100);
         if (pwrite(fd, "more", 4, 10) != 4) w.skip("cannot write");
         w.splice(fd, p.w, 100);
         w.rest("pipe", p.r);
       }},
      {"splice: O_DIRECT files",
       [](World& w) {
         const int fd = w.file(bytes(16384), O_RDWR | O_DIRECT);
         if (fd < 0) w.skip("no O_DIRECT files here");
         const Pipe p = w.pipe();
         w.splice(fd, p.w, 8192);
         w.position("file", fd);
         w.splice(p.r, kNone, fd, at(16384), 4096);
         w.splice(p.r, kNone, fd, at(0), 4096);
         w.content("file", fd);
         w.rest("pipe", p.r);
       }},
      {"splice: a write that drops the set-uid bit",
       [](World& w) {
         const int fd = w.file("program");
         fchmod(fd, 06777);
         const Pipe p = w.pipe_of("changed");
         w.call("drop root", [] { return geteuid() == 0 ? seteuid(65534) : 0; });
         w.splice(p.r, fd, 7);
         struct stat st = {};
         fstat(fd, &st);
         w.note("mode %o", st.st_mode & 07777);
       }},
  });
}

GROUP("splice: a file that takes no more") {
  std::vector<Case> cases;
  for (const rlim_t limit : {0, 1, 500, 1000, 1500, 5000}) {
    cases.push_back({"splice: RLIMIT_FSIZE " + std::to_string(limit), [=](World& w) {
                       const int fd = w.file(bytes(1000));
                       const int end = w.file(bytes(1000));
                       lseek(end, 0, SEEK_END);
                       const Pipe p = w.pipe_of(bytes(3000));
                       limit_file_size(limit);
                       w.splice(p.r, fd, 400);
                       w.splice(p.r, end, 400);
                       w.splice(p.r, kNone, fd, at(499), 2);
                       w.splice(p.r, kNone, fd, at(1499), 4);
                       w.splice(p.r, kNone, fd, at(4999), 600);
                       w.splice(p.r, kNone, fd, at(20000), 600);
                       w.content("file", fd);
                       w.content("end", end);
                       w.rest("pipe", p.r);
                     }});
  }
  for (const int room : {1, 4}) {
    cases.push_back(
        {"splice: a file system with " + std::to_string(room) + " free pages", [=](World& w) {
           const std::string path = std::string(w.directory()) + "/m" + std::to_string(getpid());
           const std::string size = "size=" + std::to_string(room * kPage);
           if (mkdir(path.c_str(), 0700) != 0 ||
               mount("oracle", path.c_str(), "tmpfs", 0, size.c_str()) != 0) {
             rmdir(path.c_str());
             w.skip("cannot mount a small file system");
           }
           const int fd = w.open((path + "/f").c_str(), O_RDWR | O_CREAT);
           umount2(path.c_str(), MNT_DETACH);
           rmdir(path.c_str());
           const Pipe p = w.pipe_of(bytes(20000));
           for (int i = 0; i < 3; ++i) {
             w.splice(p.r, fd, 3 * kPage);
             w.content("file", fd);
             w.readable(p.r);
           }
           w.rest("pipe", p.r);
         }});
  }
  check(cases);
}

}  // namespace oracle
