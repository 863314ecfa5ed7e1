#!/usr/bin/env python3
"""Makes a shared object ask for libc alone. zig links with the libpthread of glibc 2.17 for functions
that this libc has too; since glibc 2.34 that library is empty, and is opened at each exec all the same.
Fails if the object needs of it what only it has.

usage: libc_alone.py FILE
"""
import struct
import sys

from dynamic import Dynamic

DT_NEEDED, DT_STRTAB, DT_SYMTAB = 1, 5, 6
DT_VERSYM, DT_VERNEED, DT_VERNEEDNUM = 0x6ffffff0, 0x6ffffffe, 0x6fffffff
LIBC, LIBPTHREAD = 'libc.so.6', 'libpthread.so.0'
# Of both libraries, on x86-64 and aarch64.
IN_BOTH = {'__errno_location', '__libc_current_sigrtmin', 'nanosleep', 'pthread_mutex_lock',
           'pthread_mutex_unlock', 'pthread_setcancelstate', 'pthread_setcanceltype', 'siglongjmp'}

dynamic = Dynamic(sys.argv[1])
strings, data = dynamic.offset(DT_STRTAB), dynamic.data
libraries = {dynamic.text(strings, value): value for tag, value in dynamic.entries if tag == DT_NEEDED}
if LIBPTHREAD not in libraries:
    sys.exit()
if LIBC not in libraries:
    dynamic.fail(f'does not need {LIBC}')

# The versions of libpthread become versions of libc.
versions = set()
record = dynamic.offset(DT_VERNEED)
for _ in range(dynamic.get(DT_VERNEEDNUM)):
    _, count, file, version, following = struct.unpack_from('<HHIII', data, record)
    if file == libraries[LIBPTHREAD]:
        struct.pack_into('<I', data, record + 4, libraries[LIBC])
        version += record
        for _ in range(count):
            _, _, number, _, after = struct.unpack_from('<IHHII', data, version)
            versions.add(number)
            version += after
    record += following

# (The table of symbols has no length: it ends where that of its names begins, or that of versions.)
symbols, numbers = dynamic.offset(DT_SYMTAB), dynamic.offset(DT_VERSYM)
end = min(place for place in (strings, numbers) if place > symbols)
for index in range((end - symbols) // 24):
    name, _, _, section, _, _ = struct.unpack_from('<IBBHQQ', data, symbols + 24 * index)
    number, = struct.unpack_from('<H', data, numbers + 2 * index)
    if section == 0 and number in versions and dynamic.text(strings, name) not in IN_BOTH:
        dynamic.fail(f'needs {dynamic.text(strings, name)} of {LIBPTHREAD}')
dynamic.save([entry for entry in dynamic.entries if entry != (DT_NEEDED, libraries[LIBPTHREAD])])
