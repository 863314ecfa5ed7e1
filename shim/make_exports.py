#!/usr/bin/env python3
"""Prints the linker's version script: exactly the symbols of the table and of the named sources.

usage: make_exports.py symbols.def source...
"""
import re
import sys

table, *sources = sys.argv[1:]
names = []
for line in open(table):
    row = re.match(r'(?:ENGINE|BEFORE)\([^,]+, (\w+)|FRESH\((\w+)', line)
    if row:
        names.append(row.group(1) or row.group(2))
for source in sources:
    text = open(source).read()
    names += re.findall(r'__asm__\("(\w+)"\);', text)
    names += re.findall(r'^F?SCANF\((\w+), ', text, re.MULTILINE)
    names += [name for group in re.findall(r'"\.globl ([\w, ]+)\\n"', text)
              for name in group.split(', ')]
print('{\n  global:')
for name in sorted(set(names)):
    print(f'    {name};')
print('  local: *;\n};')
