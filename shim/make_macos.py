#!/usr/bin/env python3
"""Prints those rows of the table that a list of names picks. Fails if the table lacks one.

usage: make_macos.py symbols.def macos.names
"""
import re
import sys

table, names = (open(name).read() for name in sys.argv[1:])
wanted = set(re.sub(r'#.*', '', names).split())
rows = {}
for row in re.findall(r'^(?:ENGINE|BEFORE|FRESH)\((?:.+\n)+?(?=\S|\n|\Z)', table, re.M):
    rows[re.match(r'(?:ENGINE|BEFORE)\([^,]+, (\w+)|FRESH\((\w+)', row).expand(r'\1\2')] = row
missing = wanted - rows.keys()
if missing:
    sys.exit('not in the table: ' + ' '.join(sorted(missing)))
print(''.join(row for name, row in rows.items() if name in wanted), end='')
