/* What the sample programs check with, in C99 and C++. */
#ifndef CHECK_H_
#define CHECK_H_

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                     \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, (int)errno); \
      exit(1);                                                                               \
    }                                                                                        \
  } while (0)

enum { SIZE = 300001 };

static char expected[SIZE];
static char found[SIZE + 1];

static void prepare(void) {
  unsigned state = 1;
  int i;
  for (i = 0; i < SIZE; ++i) {
    state = state * 1103515245u + 12345u;
    expected[i] = (char)(state >> 16);
  }
}

#endif
