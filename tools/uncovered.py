#!/usr/bin/env python3
"""Prints the line coverage of each file and folder of core/, and the lines that were never run.

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

folders = collections.defaultdict(lambda: [0, 0])


def show(run, lines, name):
    print(f'{run / lines:7.1%} {run:5} of {lines:5}  {name}')


for file, lines in sorted(counts.items()):
    run = sum(count > 0 for count in lines.values())
    show(run, len(lines), file)
    for folder in {os.path.dirname(file) + '/', 'all of core/'}:
        folders[folder][0] += run
        folders[folder][1] += len(lines)
print()
for folder, (run, lines) in sorted(folders.items()):
    show(run, lines, folder)
print()

for file, lines in sorted(counts.items()):
    with open(os.path.join(root, file)) as source:
        text = source.read().splitlines()
    for number, count in sorted(lines.items()):
        if count == 0:
            print(f'{file}:{number}: {text[number - 1].strip()}')
