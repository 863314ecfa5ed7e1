// Sets of epoll, and what they tell.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_EPOLL_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_EPOLL_H_

#include <sys/epoll.h>

#include "tools/conform/cases/case.h"

namespace oracle {

int watcher(World& w);
void add(World& w, int epoll, int fd, uint32_t events, uint64_t data = 42);
// The answers of epoll_wait, which programs take as they come.
void events(World& w, int epoll, const char* label = "epoll");

// What a tee leaves in a pipe that is watched goes back into it, which looks like an arrival. An
// edge too many is nothing new to a program (epoll(7)); one too few would be.
inline constexpr Allowed kExtraEdge = {.why = "edge-triggered epoll: one more EPOLLIN after a tee",
                                       .only = "  epoll after tee"};

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_EPOLL_H_
