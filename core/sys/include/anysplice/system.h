/* What <anysplice/splice.h> needs and some systems lack: the flags of splice(2) and loff_t. */
#ifndef ANYSPLICE_SYSTEM_H_
#define ANYSPLICE_SYSTEM_H_

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* glibc and musl have the flags and the functions together, with _GNU_SOURCE. */
#ifndef SPLICE_F_MOVE
#define SPLICE_F_MOVE 1     /* accepted */
#define SPLICE_F_NONBLOCK 2 /* do not wait for a pipe */
#define SPLICE_F_MORE 4     /* more bytes for the socket follow */
#define SPLICE_F_GIFT 8     /* accepted */
#define ANYSPLICE_DECLARE_FAMILY
#endif

/* An offset into a file: bytes, 64 bits, signed. musl has it as a macro. */
#if !(defined(__GLIBC__) && defined(__USE_MISC)) && !defined(__BIONIC__) && !defined(loff_t)
typedef int64_t loff_t;
#endif

#endif /* ANYSPLICE_SYSTEM_H_ */
