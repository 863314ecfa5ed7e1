/* Linux's <fcntl.h> has the splice family. Found in front of the system's where
 * <prefix>/include/anysplice/linux is searched, so that programs written for Linux need no change.
 */
#ifndef ANYSPLICE_LINUX_FCNTL_H_
#define ANYSPLICE_LINUX_FCNTL_H_

/* #include_next is no standard C. */
#pragma GCC system_header
#include_next <fcntl.h>

/* Behind it: the flags are those of the system, if it has them. */
#include <anysplice/splice.h>

#endif /* ANYSPLICE_LINUX_FCNTL_H_ */
