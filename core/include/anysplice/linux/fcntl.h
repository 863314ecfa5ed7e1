/* Linux's <fcntl.h> has the splice family. Found in front of the system's where
 * <prefix>/include/anysplice/linux is searched, so that programs written for Linux need no change.
 */
#ifndef ANYSPLICE_LINUX_FCNTL_H_
#define ANYSPLICE_LINUX_FCNTL_H_

/* #include_next is no standard C. */
#pragma GCC system_header
#include <anysplice/splice.h>
#include_next <fcntl.h>

#endif /* ANYSPLICE_LINUX_FCNTL_H_ */
