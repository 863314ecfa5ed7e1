#!/usr/bin/env python3
"""Prints the linker's version script: exactly the symbols of the tables, of the C API, and of the
named sources. They have no versions: those of libc must be found whatever version is asked for.

usage: make_exports.py anysplice.map table.def... source.cc...
"""
import re
import sys

api, *files = sys.argv[1:]
names = re.findall(r'^ +(anysplice_\w+);', open(api).read(), re.M)
for file in files:
    text = open(file).read()
    if file.endswith('.def'):
        names += re.findall(r'^(?:(?:ENGINE|BEFORE)\([^,]+, |FRESH\()(\w+)', text, re.M)
        continue
    names += re.findall(r'__asm__\("(\w+)"\);', text)
    names += re.findall(r'^(?:F?SCANF|JUMP)\((\w+)[,)]', text, re.MULTILINE)
    names += [name for group in re.findall(r'"\.globl ([\w, ]+)\\n"', text)
              for name in group.split(', ')]
print('{\n  global:')
for name in sorted(set(names)):
    print(f'    {name};')
print('  local: *;\n};')
