// Memory of the program to move bytes from and to, some of which it may not touch.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_MEMORY_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_MEMORY_H_

#include <string.h>
#include <sys/mman.h>

#include "tools/conform/cases/world.h"

namespace oracle {

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

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_MEMORY_H_
