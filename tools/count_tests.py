#!/usr/bin/env python3
"""Prints what was skipped and what failed, with the reasons, and as the last line the count of all
tests of a meson run.

usage: count_tests.py testlog.junit.xml

Exit status 1 if one failed, or if there are none.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

BEFORE, AFTER = 4, 25  # lines of a program's own words about a failed test


def words_about_failures(test):
    """The lines of TAP that failed, with those around them, where programs say why."""
    lines = test.get('stdout', '').splitlines()
    near = set()
    for at, line in enumerate(lines):
        if line.startswith('not ok'):
            near.update(range(max(0, at - BEFORE), at + AFTER))
    if not near:
        return (lines + test.get('stderr', '').splitlines())[-AFTER:]
    return [line for at, line in enumerate(lines) if at in near and not line.startswith('ok ')]


passed = failed = skipped = 0
for case in ElementTree.parse(sys.argv[1]).iter('testcase'):
    name = f"{case.get('classname')}: {case.get('name')}"
    if case.find('failure') is not None or case.find('error') is not None:
        failed += 1
    elif (skip := case.find('skipped')) is not None:
        skipped += 1
        # meson has the reason in the test's output, of a whole program as its line of TAP.
        reason = skip.get('message') or skip.text or case.findtext('system-out') or ''
        print(f"skipped: {name}: {reason.rpartition('# SKIP ')[2].strip()}")
    else:
        passed += 1
for line in pathlib.Path(sys.argv[1]).with_name('testlog.json').read_text().splitlines():
    test = json.loads(line)
    if test['result'] == 'TIMEOUT':
        # Above it counts with the cases that it had done by then.
        failed += 1
        print(f"failed: {test['name']}: out of time")
    elif test['result'] in ('FAIL', 'ERROR'):
        print(f"failed: {test['name']}")
        for words in words_about_failures(test):
            print(f'  {words}')
if passed + failed + skipped == 0:
    failed = 1
    print('failed: there are no tests')
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(1 if failed else 0)
