// A file that several processes map, made for that purpose by the command.
//
// Async-signal-safe; keeps errno.
#ifndef ANYSPLICE_CORE_SYS_SHARED_FILE_H_
#define ANYSPLICE_CORE_SYS_SHARED_FILE_H_

#include <stddef.h>

namespace anysplice {

// The first bytes of a regular file of this user that is at least as long; null if it is not there,
// or anything else.
enum class Use { kRead, kWrite };
void* map_shared_file(const char* path, size_t size, Use use);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SHARED_FILE_H_
