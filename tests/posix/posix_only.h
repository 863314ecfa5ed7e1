/* Included before all else where only POSIX is to be visible: g++ comes configured for all that
 * glibc has, which its headers then want declared. And what no system lacks though POSIX has no
 * name for it. */
#include <bits/c++config.h>
#undef _GLIBCXX_HAVE_LINUX_FUTEX
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK

extern "C" const char* getprogname(void); /* macOS, the BSDs, illumos; core/sys/program.cc */
