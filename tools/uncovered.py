#!/usr/bin/env python3
"""Prints the line coverage of each file of core/, and the lines that were never run.

usage: uncovered.py SOURCE_ROOT < LCOV

A line counts as run if it was in any of the libraries and programs that are in the data.
"""
import collections
import os
import sys

root = os.path.realpath(sys.argv[1])
counts = collections.defaultdict(dict)
for line in sys.stdin:
    kind, _, rest = line.strip().partition(':')
    if kind == 'SF':
        file = os.path.relpath(os.path.realpath(rest), root)
    elif kind == 'DA' and file.startswith('core/'):
        number, count = map(int, rest.split(',')[:2])
        counts[file][number] = max(count, counts[file].get(number, 0))

everything = [0, 0]
for file, lines in sorted(counts.items()):
    run = sum(count > 0 for count in lines.values())
    everything[0] += run
    everything[1] += len(lines)
    print(f'{run / len(lines):7.1%} {run:5} of {len(lines):5}  {file}')
print(f'{everything[0] / everything[1]:7.1%} {everything[0]:5} of {everything[1]:5}  core/\n')

for file, lines in sorted(counts.items()):
    with open(os.path.join(root, file)) as source:
        text = source.read().splitlines()
    for number, count in sorted(lines.items()):
        if count == 0:
            print(f'{file}:{number}: {text[number - 1].strip()}')
