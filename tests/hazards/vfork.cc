// Children of vfork that use the calls: on pipes of their parent, on pipes and copies of their own,
// before they exit or become another program.
#include <string.h>
#include <sys/wait.h>

#include "hazard.h"

using namespace hazard;

namespace {

// A child may not return from the function that called vfork, so what it does is in line.
#define IN_VFORK_CHILD(...)       \
  do {                            \
    const pid_t child_ = vfork(); \
    if (child_ == 0) {            \
      __VA_ARGS__;                \
      _exit(0);                   \
    }                             \
    CHECK(child_ > 0);            \
    finish(child_);               \
  } while (false)

void must(bool well) {
  if (!well) _exit(1);
}

}  // namespace

HAZARD(child_uses_its_parents_pipes) {
  const Teed teed("abcdef");
  const Pipe fresh;
  const int file = file_of("file");
  char memory[4];
  const iovec iov{memory, 3};
  for (int i = 0; i < 50; ++i) {
    IN_VFORK_CHILD({
      off_t start = 0;
      must(vmsplice(teed.pipe.r, &iov, 1, 0) == 3 && memcmp(memory, "abc", 3) == 0);
      must(tee(teed.pipe.r, teed.copy.w, 3, 0) == 3);
      must(splice(file, &start, teed.pipe.w, nullptr, 4, 0) == 4);
      must(splice(teed.copy.r, nullptr, fresh.w, nullptr, 100, 0) == (i == 0 ? 9 : 3));
    });
    CHECK_EQ(take(teed.pipe.r, 7), "deffile");
    CHECK_EQ(take(fresh.r, i == 0 ? 9 : 3), i == 0 ? "abcdefdef" : "def");
    put(teed.pipe.w, "abcdef");
  }
}

HAZARD(child_makes_and_closes_pipes) {
  const Teed teed("parent's");
  for (int i = 0; i < 50; ++i) {
    IN_VFORK_CHILD({
      int ends[2];
      char memory[8];
      must(pipe(ends) == 0 && write(ends[1], "child's", 7) == 7);
      must(tee(ends[0], teed.copy.w, 7, 0) == 7);
      must(splice(ends[0], nullptr, teed.copy.w, nullptr, 5, 0) == 5);
      must(read(ends[0], memory, sizeof(memory)) == 2);
      close(ends[0]);
      close(ends[1]);
    });
    CHECK_EQ(take(teed.copy.r, i == 0 ? 20 : 12),
             (i == 0 ? "parent's" : "") + std::string("child'schild"));
    // The numbers are the parent's to use.
    const Teed again("again");
    CHECK_EQ(take(again.pipe.r, 5), "again");
    for (const int fd : {again.pipe.r, again.pipe.w, again.copy.r, again.copy.w}) close(fd);
  }
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
}

// A number that names a pipe in the parent is a file, and another pipe, in the child.
HAZARD(child_gives_numbers_another_meaning) {
  const Teed teed("parent's");
  const Pipe other;
  const int file = file_of("file");
  put(other.w, "other");
  for (int i = 0; i < 2; ++i) {
    IN_VFORK_CHILD({
      must(dup2(file, teed.pipe.r) == teed.pipe.r);
      must(splice(teed.pipe.r, nullptr, other.w, nullptr, 4, 0) == (i == 0 ? 4 : 0));
      must(dup2(other.r, teed.pipe.r) == teed.pipe.r);
      must(tee(teed.pipe.r, teed.copy.w, 9, 0) == 9);
    });
  }
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
  CHECK_EQ(take(other.r, 9), "otherfile");
  CHECK_EQ(take(teed.copy.r, 26), "parent'sotherfileotherfile");
}

HAZARD(child_uses_a_pipe_and_executes) {
  const Teed teed("for the program");
  const Pipe output;
  const std::string path = neighbour("peer");
  char name[] = "peer";
  char what[] = "cat";
  char* const argv[] = {name, what, nullptr};
  close(teed.pipe.w);
  const pid_t child = vfork();
  if (child == 0) {
    must(splice(teed.pipe.r, nullptr, output.w, nullptr, 4, 0) == 4);
    must(tee(teed.pipe.r, output.w, 4, 0) == 4);
    must(dup2(teed.pipe.r, 0) == 0 && dup2(output.w, 1) == 1);
    execv(path.c_str(), argv);
    _exit(1);
  }
  close(output.w);
  CHECK_EQ(take(output.r, 100), "for the the program");
  finish(child);
  CHECK_EQ(take(teed.pipe.r, 1), "");
  CHECK_EQ(take(teed.copy.r, 15), "for the program");
}
