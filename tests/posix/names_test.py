#!/usr/bin/env python3
"""What the POSIX engine needs of others is in POSIX (names.txt), or what headers and compiler make of it.

usage: names_test.py NM ARCHIVE...
Prints the names that are not, and fails if there are any.
"""
import pathlib
import re
import subprocess
import sys

# What the headers and the compiler of this machine make of something that is in POSIX or in C++.
MADE_OF = {
    '__errno_location': 'errno',
    '__popcountdi2': 'std::popcount',
    '__libc_current_sigrtmax': 'SIGRTMAX',
    '__sigsetjmp': 'sigsetjmp',
    '_GLOBAL_OFFSET_TABLE_': 'position-independent code',
}
# What no POSIX has, and each system.
BEYOND = {'getprogname'}


def names():
    for line in (pathlib.Path(__file__).parent / 'names.txt').read_text().splitlines():
        if not line.startswith('#'):
            yield from re.sub(r'^[\w/]+\.h:', '', line).split()


def symbols(nm, archive):
    """(defined, undefined) of an archive's members together."""
    text = subprocess.run([nm, '-P', archive], check=True, text=True, stdout=subprocess.PIPE).stdout
    rows = [line.split() for line in text.splitlines() if len(line.split()) > 1]
    undefined = {row[0] for row in rows if row[1] in ('U', 'v', 'w')}
    return {row[0] for row in rows if row[1] not in ('U', 'v', 'w')}, undefined


defined, undefined = set(), set()
for archive in sys.argv[2:]:
    here, elsewhere = symbols(sys.argv[1], archive)
    defined |= here
    undefined |= elsewhere
needed = undefined - defined
known = set(names()) | set(MADE_OF) | BEYOND
# (_FILE_OFFSET_BITS=64 makes off_t wide, and open open64.)
strange = sorted(name for name in needed if name.removesuffix('64') not in known)
for name in strange:
    print(f'{name} is not in POSIX')
print(f'{len(needed)} names are needed, {len(strange)} are not in POSIX')
sys.exit(bool(strange) or not needed or not defined)
