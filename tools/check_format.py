#!/usr/bin/env python3
"""Checks that all C and C++ files are formatted as .clang-format says.

usage: check_format.py SOURCE_ROOT

Versions of clang-format disagree, so that of Debian 12 decides. Where a system has no such version
the check is skipped (exit status 77); on Debian 12, where it can be installed, that is a failure.
"""
import pathlib
import shutil
import subprocess
import sys

VERSION = '14'
SKIPPED = 77


def formatter():
    """The name of clang-format of that version, or None."""
    for name in (f'clang-format-{VERSION}', 'clang-format'):
        if shutil.which(name):
            said = subprocess.run([name, '--version'], stdout=subprocess.PIPE, text=True, check=True)
            if f'version {VERSION}.' in said.stdout:
                return name
    return None


def can_be_installed():
    try:
        text = pathlib.Path('/etc/os-release').read_text()
    except OSError:
        return False
    return 'VERSION_CODENAME=bookworm' in text.splitlines()


def main():
    root = pathlib.Path(sys.argv[1])
    command = formatter()
    if command is None:
        print(f'clang-format {VERSION} is missing', end='')
        if can_be_installed():
            print(f': apt-get install clang-format-{VERSION}')
            return 1
        print(', and this system has no package of it; other versions format otherwise')
        return SKIPPED
    files = sorted(path for folder in ('core', 'shim', 'tests', 'tools')
                   for path in (root / folder).rglob('*') if path.suffix in ('.c', '.cc', '.h'))
    assert files, f'no source files below {root}'
    done = subprocess.run([command, '--dry-run', '--Werror', *files], check=False)
    if done.returncode:
        print(f'To repair it: {command} -i FILE...')
    return done.returncode


sys.exit(main())
