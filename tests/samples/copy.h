// What the samples have in common: the files and the pipe.
#ifndef ANYSPLICE_TESTS_SAMPLES_COPY_H_
#define ANYSPLICE_TESTS_SAMPLES_COPY_H_

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct Copy {
  int in = -1;
  int out = -1;
  int ends[2] = {-1, -1};
};

inline bool open_copy(int argc, char** argv, Copy* copy) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s IN OUT\n", argv[0]);
    return false;
  }
  copy->in = open(argv[1], O_RDONLY);
  copy->out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (copy->in >= 0 && copy->out >= 0 && pipe(copy->ends) == 0) return true;
  perror(argv[0]);
  return false;
}

#endif  // ANYSPLICE_TESTS_SAMPLES_COPY_H_
