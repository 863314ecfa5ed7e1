#!/usr/bin/env python3
"""Every function of the libc at hand, and of those in other_libcs.txt, has a class (classes.txt), and
what is classed as taken is.

usage: symbols_test.py libanysplice.so [libc.so]
"""
import ctypes.util
import pathlib
import re
import subprocess
import sys


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
HERE = pathlib.Path(__file__).parent
others = {line for line in (HERE / 'other_libcs.txt').read_text().splitlines()
          if line and not line.startswith('#')}
classes = []
for line in (HERE / 'classes.txt').read_text().splitlines():
    if line and not line.startswith('#'):
        kind, pattern = line.split(' ', 1)
        assert kind in ('taken', 'harmless', 'cannot'), line
        classes.append((kind, re.compile(pattern)))

ours = functions(library)
problems = []
for name in sorted(functions(libc) | others):
    kind = next((kind for kind, pattern in classes if pattern.fullmatch(name)), None)
    if kind is None:
        problems.append(f'{name} has no class')
    elif (kind == 'taken') != (name in ours):
        problems.append(f'{name} is {kind}, and {"is" if name in ours else "is not"} exported')
print('1..1')
for problem in problems:
    print('#', problem)
print('not ok' if problems else 'ok', f'1 - every function of {libc} has a class')
sys.exit(bool(problems))
