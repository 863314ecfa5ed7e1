#!/usr/bin/env python3
"""Every system call number has a class (numbers.txt), and shim/by_number.cc takes what is classed so.

usage: numbers_test.py SHIM_FOLDER CC...
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
classes = []
for line in (HERE / 'numbers.txt').read_text().splitlines():
    if line and not line.startswith('#'):
        kind, names = line.split(' ', 1)
        assert kind in ('taken', 'harmless', 'cannot'), line
        classes += [(kind, re.compile(name)) for name in names.split()]

# The header of each word size there is, with what it defines alone.
known = set()
for header in ('asm/unistd.h', 'asm/unistd_64.h', 'asm/unistd_32.h'):
    result = subprocess.run([*sys.argv[2:], '-E', '-dM', '-include', header, '-xc', '/dev/null'],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    known |= set(re.findall(r'^#define __NR_(\w+) ', result.stdout, re.M))
known -= {'syscalls', 'arch_specific_syscall'}
shim = pathlib.Path(sys.argv[1])
taken = {name for file in ('by_number.cc', 'makes_descriptor.cc', 'memory_by_number.cc')
         for name in re.findall(r'\bcase SYS_(\w+):', (shim / file).read_text())}

problems = [] if known else ['no header has any number']
for name in sorted(known):
    kind = next((kind for kind, pattern in classes if pattern.fullmatch(name)), None)
    if kind is None:
        problems.append(f'{name} has no class')
    elif (kind == 'taken') != (name in taken):
        problems.append(f'{name} is {kind}, and {"is" if name in taken else "is not"} taken')
print('1..1')
for problem in problems:
    print('#', problem)
print('not ok' if problems else 'ok', f'1 - {len(known)} numbers of system calls have a class')
sys.exit(bool(problems))
