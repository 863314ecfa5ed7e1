#!/usr/bin/env python3
"""Every system call number has a class (numbers.txt), and shim/by_number.cc takes what is classed so.

usage: numbers_test.py SHIM_FOLDER CC...
"""
import pathlib
import re
import subprocess
import sys

import classes

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
classes.check('numbers.txt', known, taken, f'{len(known)} numbers of system calls have a class',
              'taken')
