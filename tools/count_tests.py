#!/usr/bin/env python3
"""Prints what was skipped and why, and as the last line the count of all tests of a meson run.

usage: count_tests.py testlog.junit.xml
"""
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
        print(f'skipped: {name} {skip.get("message") or skip.text or ""}'.rstrip())
    else:
        passed += 1
print(f'{passed} passed, {failed} failed, {skipped} skipped')
