/* Linux's <sys/sendfile.h>, for systems that have none. Their own sendfile, if there is one, is
 * declared in other headers, with other parameters; it cannot be called where this is included. */
#ifndef ANYSPLICE_LINUX_SYS_SENDFILE_H_
#define ANYSPLICE_LINUX_SYS_SENDFILE_H_

/* #include_next is no standard C. */
#pragma GCC system_header
#if defined(__has_include_next)
#if __has_include_next(<sys/sendfile.h>)
#define ANYSPLICE_SYSTEM_SENDFILE
#endif
#endif

#ifdef ANYSPLICE_SYSTEM_SENDFILE
#include_next <sys/sendfile.h>
#else
#include <anysplice/splice.h>
/* Before the name is given away. */
#include <sys/socket.h>
#include <sys/uio.h>
#define sendfile anysplice_sendfile
#endif

#endif /* ANYSPLICE_LINUX_SYS_SENDFILE_H_ */
