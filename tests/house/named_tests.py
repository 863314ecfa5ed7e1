#!/usr/bin/env python3
"""The tests that a document names exist. A name is `PROGRAM CASE` of tests/hazards, `NAME_test FUNCTION`
of tests/e2e, or the path of a file.

usage: named_tests.py ROOT DOCUMENT...
"""
import fnmatch
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])


def cases(name):
    """The cases of a program, by the word that stands for it; None if there is no such program."""
    if name.endswith('_test'):
        file = root / 'tests/e2e' / (name + '.py')
        pattern = r'^@\S+test.*\ndef (\w+)\('
    else:
        file = root / 'tests/hazards' / (name + '.cc')
        pattern = r'^HAZARD\((\w+)\)'
    return re.findall(pattern, file.read_text(), re.M) if file.exists() else None


def problems(document):
    text = re.sub(r'\s+', ' ', (root / document).read_text())
    count = 0
    for name in re.findall(r'`([^`]+)`', text):
        words = name.split(' ')
        if re.fullmatch(r'(tests|tools)/[\w/.]+', name):
            count += 1
            if not (root / name).exists():
                yield f'{document}: there is no {name}'
        elif len(words) == 2 and (known := cases(words[0])) is not None:
            count += 1
            if not fnmatch.filter(known, words[1]):
                yield f'{document}: {words[0]} has no {words[1]}'
    if count == 0:
        yield f'{document} names no test'


found = [problem for document in sys.argv[2:] for problem in problems(document)]
print('1..1')
for problem in found:
    print('#', problem)
print('not ok' if found else 'ok', '1 - the tests that documents name exist')
sys.exit(bool(found))
