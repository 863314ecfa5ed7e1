// vmsplice, both ways: lists of segments, and memory that cannot be read or written.
#include <limits.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tools/conform/cases/case.h"
#include "tools/conform/cases/loads.h"
#include "tools/conform/cases/memory.h"

namespace oracle {
namespace {

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

GROUP("vmsplice: segments into a pipe") {
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

GROUP("vmsplice: segments out of a pipe") {
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

}  // namespace oracle
