#!/usr/bin/env python3
"""Checks that the newest version in CHANGELOG.md is the version of the project, and that headings are
as docs/releasing.md has them.

usage: check_changelog.py SOURCE_ROOT [RELEASED_VERSION]

With a version the newest heading must be that version, with a date instead of "unreleased".
"""
import pathlib
import re
import sys

HEADING = re.compile(r'## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)')


def main():
    root = pathlib.Path(sys.argv[1])
    project = re.search(r"^ *version: '(.*)',$", (root / 'meson.build').read_text(), re.M).group(1)
    problems, found = [], []
    for line in (root / 'CHANGELOG.md').read_text().splitlines():
        if line.startswith('## '):
            match = HEADING.fullmatch(line)
            if match:
                found.append(match.groups())
            else:
                problems.append(f'not "## [X.Y.Z] - YYYY-MM-DD" or "- unreleased": {line}')
    if not found or found[0][0] != project:
        newest = found[0][0] if found else 'none'
        problems.append(f"newest version {newest}, but meson.build has {project}")
    numbers = [tuple(map(int, version.split('.'))) for version, _ in found]
    if any(newer <= older for newer, older in zip(numbers, numbers[1:])):
        problems.append('versions must go down from the top')
    problems += [f'{version} is unreleased, and not the newest'
                 for version, date in found[1:] if date == 'unreleased']
    if len(sys.argv) > 2 and found:
        version, date = found[0]
        if version != sys.argv[2] or date == 'unreleased':
            problems.append(f'{sys.argv[2]} is to be released, but the newest is {version}, {date}')
    for problem in problems:
        print(f'CHANGELOG.md: {problem}')
    return 1 if problems else 0


sys.exit(main())
