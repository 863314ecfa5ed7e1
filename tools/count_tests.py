#!/usr/bin/env python3
"""Prints what was skipped and why, and as the last line the count of all tests of a meson run.

usage: count_tests.py testlog.junit.xml

Exit status 1 if one failed, or if there are none.
"""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

passed = failed = skipped = 0
for case in ElementTree.parse(sys.argv[1]).iter('testcase'):
    name = f"{case.get('classname')}: {case.get('name')}"
    if case.find('failure') is not None or case.find('error') is not None:
        failed += 1
        print(f'failed: {name}')
    elif (skip := case.find('skipped')) is not None:
        skipped += 1
        # meson has the reason in the test's output, of a whole program as its line of TAP.
        reason = skip.get('message') or skip.text or case.findtext('system-out') or ''
        print(f"skipped: {name}: {reason.rpartition('# SKIP ')[2].strip()}")
    else:
        passed += 1
# A program that ran out of time stands there with the cases that it had done by then.
for line in pathlib.Path(sys.argv[1]).with_name('testlog.json').read_text().splitlines():
    test = json.loads(line)
    if test['result'] == 'TIMEOUT':
        failed += 1
        print(f"failed: {test['name']}: out of time")
if passed + failed + skipped == 0:
    failed = 1
    print('failed: there are no tests')
print(f'{passed} passed, {failed} failed, {skipped} skipped')
sys.exit(1 if failed else 0)
