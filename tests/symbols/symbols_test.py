#!/usr/bin/env python3
"""Every function of the libc at hand, and of those in other_libcs.txt, has a class (classes.txt), and
what is classed as taken is.

usage: symbols_test.py libanysplice.so [libc.so]
"""
import re
import subprocess
import sys

import classes


def functions(file):
    """The default versions of the functions that an object defines."""
    text = subprocess.run(['readelf', '-W', '--dyn-syms', file], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    rows = (line.split() for line in text.splitlines())
    found = {row[7] for row in rows if len(row) > 7 and row[3] in ('FUNC', 'IFUNC')
             and row[6] != 'UND'}
    return {name.split('@')[0] for name in found if '@' not in name or '@@' in name}


def the_libc():
    for line in open('/proc/self/maps'):
        if re.search(r'/(libc\.so\.\d|libc\.musl[^/]*|libc-[\d.]+\.so)$', line.strip()):
            return line.split()[-1]
    raise SystemExit('1..0 # SKIP no libc found')


library, libc = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else the_libc()
classes.check('classes.txt', functions(libc) | set(classes.lines('other_libcs.txt')),
              functions(library), f'every function of {libc} has a class', 'exported')
