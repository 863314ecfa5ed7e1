// vmsplice, both ways: kinds, flags, segments, and memory that cannot be read or written.
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/catch.h"
#include "tests/oracle/ends.h"
#include "tests/oracle/loads.h"
#include "tests/oracle/runner.h"

namespace oracle {
namespace {

// Four pages: the second only readable, the third not even that, the fourth free for use. Behind
// them nothing, as far as any pipe reaches.
class Memory {
 public:
  Memory() {
    base_ =
        static_cast<char*>(mmap(nullptr, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_, 4 * kPage, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < 4; ++i) memset(base_ + i * kPage, static_cast<int>('A' + i), kPage);
    mprotect(page(1), kPage, PROT_READ);
    mprotect(page(2), kPage, PROT_NONE);
  }
  char* page(int i) const { return base_ + i * kPage; }
  void look(World& w) const {
    for (const int i : {0, 1, 3}) {
      w.note("page %d: %s", i, describe({page(i), kPage}).c_str());
    }
  }

 private:
  char* base_;
};

struct Segments {
  const char* name;
  std::vector<iovec> (*make)(const Memory& m);
  bool fills = false;  // small pieces, as many as a pipe has slots or more
};

iovec at_address(uintptr_t address, size_t len) { return {reinterpret_cast<void*>(address), len}; }

const Segments kSegments[] = {
    {"none", [](const Memory&) { return std::vector<iovec>{}; }},
    {"one",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 100}};
     }},
    {"three",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, {m.page(3), 4096}, {m.page(0) + 50, 7}};
     }},
    {"empty ones in between",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 0}, {m.page(0), 10}, {nullptr, 0}, {m.page(3), 20}};
     }},
    {"only empty ones",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 0}, {nullptr, 0}};
     }},
    {"bad first",
     [](const Memory& m) {
       return std::vector<iovec>{{nullptr, 10}, {m.page(0), 10}};
     }},
    {"bad in the middle",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, at_address(8, 10), {m.page(3), 10}};
     }},
    {"bad last",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, {m.page(2), 10}};
     }},
    {"address of the kernel",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, at_address(UINTPTR_MAX - 5000, 10)};
     }},
    {"read-only",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(1), 100}};
     }},
    {"writable, then read-only",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, {m.page(1), 10}};
     }},
    {"one that runs into read-only memory",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(1) - 50, 100}};
     }},
    {"not accessible",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(2), 100}};
     }},
    {"one that runs into a hole",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(2) - 50, 100}};
     }},
    {"two pages that end in a hole",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 3 * kPage}};
     }},
    {"huge",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(3), SSIZE_MAX}};
     }},
    {"more than huge",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(3), SIZE_MAX}};
     }},
    {"sum too large",
     [](const Memory& m) {
       return std::vector<iovec>{{m.page(0), 10}, {m.page(3), SSIZE_MAX}, {m.page(3), SSIZE_MAX}};
     }},
    {"1024",
     [](const Memory& m) {
       return std::vector<iovec>(1024, iovec{m.page(0), 1});
     },
     true},
    {"1025",
     [](const Memory& m) {
       return std::vector<iovec>(1025, iovec{m.page(0), 1});
     }},
    {"17",
     [](const Memory& m) {
       return std::vector<iovec>(17, iovec{m.page(0) + 5, 3});
     },
     true},
};

}  // namespace

TEST_CASE("vmsplice: every kind, every flag") {
  std::vector<Case> cases;
  for (const Kind& one : kinds()) {
    cases.push_back({std::string("vmsplice: ") + one.name, [&](World& w) {
                       for (const unsigned flags : {2u, 3u, 6u, 0xau, 0xfu, 0x12u, 0x80000002u}) {
                         for (const int count : {1, 0, 1025, -1}) {
                           const End end = one.make(w);
                           char memory[200] = "some bytes of memory";
                           std::vector<iovec> iov(1025, {memory, 30});
                           w.header("%s, flags %#x, %d segments", one.name, flags, count);
                           w.vmsplice(end.fd, iov.data(), count, flags);
                           w.note("memory: %s", describe({memory, 40}).c_str());
                           if (end.look) end.look();
                           w.header("bad segments");
                           w.vmsplice(end.fd, reinterpret_cast<iovec*>(8), count, flags);
                           w.vmsplice(end.fd, nullptr, count, flags);
                           w.fresh();
                         }
                       }
                     }});
  }
  check(cases);
}

TEST_CASE("vmsplice: segments into a pipe") {
  std::vector<Case> cases;
  for (const Segments& segments : kSegments) {
    for (const Load& load : loads()) {
      cases.push_back({std::string("vmsplice in: ") + segments.name + ", pipe with " + load.name,
                       [&](World& w) {
                         const Memory memory;
                         const Pipe p = loaded_pipe(w, load);
                         const auto iov = segments.make(memory);
                         w.vmsplice(p.w, iov.data(), iov.size(), kNonblock);
                         w.readable(p.r);
                         w.poll(p.w, POLLOUT);
                         w.rest("pipe", p.r);
                         w.vmsplice(p.w, iov.data(), iov.size(), kNonblock);
                         w.rest("pipe", p.r);
                       },
                       allowed_for(load.scattered || segments.fills)});
    }
  }
  check(cases);
}

TEST_CASE("vmsplice: segments out of a pipe") {
  std::vector<Case> cases;
  for (const Segments& segments : kSegments) {
    for (const Load& load : loads()) {
      cases.push_back({std::string("vmsplice out: ") + segments.name + ", pipe with " + load.name,
                       [&](World& w) {
                         const Memory memory;
                         const Pipe p = loaded_pipe(w, load);
                         const auto iov = segments.make(memory);
                         for (int i = 0; i < 2; ++i) {
                           w.vmsplice(p.r, iov.data(), iov.size(), kNonblock);
                           memory.look(w);
                           w.readable(p.r);
                         }
                         w.write(p.w, "after");
                         w.rest("pipe", p.r);
                       },
                       allowed_for(load.scattered)});
    }
  }
  check(cases);
}

TEST_CASE("vmsplice: memory and what becomes of it") {
  check({
      {"vmsplice: 17 one-byte calls",
       [](World& w) {
         const Pipe p = w.pipe();
         for (int i = 0; i < 17; ++i) w.vmsplice(p.w, bytes(1, i), kNonblock);
         w.readable(p.r);
         w.read(p.r, 1);
         w.vmsplice(p.w, "x", kNonblock);
         w.rest("pipe", p.r);
       },
       {kMerges}},
      {"vmsplice: unaligned and gift",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe();
         const iovec aligned = {memory.page(0), kPage}, unaligned = {memory.page(3) + 7, 1000};
         w.vmsplice(p.w, &aligned, 1, SPLICE_F_GIFT);
         w.vmsplice(p.w, &unaligned, 1, SPLICE_F_GIFT);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: unmapped afterwards",
       [](World& w) {
         const Pipe p = w.pipe();
         void* page =
             mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         memset(page, 'm', kPage);
         const iovec iov = {page, kPage};
         w.vmsplice(p.w, &iov, 1);
         munmap(page, kPage);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: the child writes to its copy",
       [](World& w) {
         const Pipe p = w.pipe();
         char* page = static_cast<char*>(
             mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
         memset(page, 'p', kPage);
         const iovec iov = {page, kPage};
         w.vmsplice(p.w, &iov, 1);
         w.in_child([&] {
           memset(page, 'c', kPage);
           w.read(p.r, 100);
         });
         w.rest("pipe", p.r);
       }},
      {"vmsplice: memory of a file, read-only",
       [](World& w) {
         const int fd = w.file(bytes(5000));
         char* map = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_SHARED, fd, 0));
         const Pipe p = w.pipe();
         const iovec iov = {map + 4000, 2000}, first = {map, 100};
         w.vmsplice(p.w, &iov, 1, kNonblock);
         w.vmsplice(p.r, &first, 1, kNonblock);
         w.rest("pipe", p.r);
         w.content("file", fd);
       }},
      {"vmsplice: beyond the end of a mapped file",
       [](World& w) {
         const int fd = w.file(bytes(100));
         char* map =
             static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
         const Pipe p = w.pipe_of("data");
         const iovec beyond = {map + kPage, 10}, across = {map + kPage - 5, 10};
         w.vmsplice(p.r, &beyond, 1, kNonblock);
         w.vmsplice(p.r, &across, 1, kNonblock);
         w.vmsplice(p.w, &beyond, 1, kNonblock);
         w.vmsplice(p.w, &across, 1, kNonblock);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: PROT_READ memory first, then the retry",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(1000));
         const iovec bad = {memory.page(1), 500}, good = {memory.page(0), 500};
         w.vmsplice(p.r, &bad, 1);
         w.readable(p.r);
         w.vmsplice(p.r, &good, 1);
         memory.look(w);
         w.rest("pipe", p.r);
       }},
      {"vmsplice: out after the writer closed",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(10));
         const iovec iov = {memory.page(0), 500};
         w.close(p.w);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1, kNonblock);
       }},
      {"vmsplice: the flag, not O_NONBLOCK",
       [](World& w) {
         const Pipe p = w.pipe(O_NONBLOCK);
         const Memory memory;
         const iovec iov = {memory.page(0), 500};
         w.vmsplice(p.r, &iov, 1, kNonblock);
         w.vmsplice(p.w, &iov, 1, kNonblock);
         w.vmsplice(p.r, &iov, 1);
         w.vmsplice(p.r, &iov, 1);
       }},
      {"vmsplice: segments that overlap each other",
       [](World& w) {
         const Memory memory;
         const Pipe p = w.pipe_of(bytes(300));
         const iovec iov[] = {{memory.page(0), 200}, {memory.page(0) + 100, 100}};
         w.vmsplice(p.r, iov, 2);
         memory.look(w);
       }},
      {"vmsplice: a whole pipe, in and out",
       [](World& w) {
         const Pipe p = w.pipe();
         std::string all = bytes(100000), back(100000, '\0');
         const iovec in = {all.data(), all.size()}, out = {back.data(), back.size()};
         w.vmsplice(p.w, &in, 1, kNonblock);
         w.vmsplice(p.r, &out, 1, kNonblock);
         w.note("%s", describe(back).c_str());
       }},
  });
}

}  // namespace oracle
