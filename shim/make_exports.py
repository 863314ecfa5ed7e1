#!/usr/bin/env python3
"""Prints the linker's version script: exactly the symbols of the table, of the C API, and of the
named sources. They have no versions: those of libc must be found whatever version is asked for.

usage: make_exports.py symbols.def anysplice.map source...
"""
import re
import sys

table, api, *sources = sys.argv[1:]
names = re.findall(r'^ +(anysplice_\w+);', open(api).read(), re.M)
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
