"""Tests of the anysplice command: functions that assert, each in a scratch folder; prints TAP.

    @tap.test
    def counts(): ...

    tap.main()
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import traceback

import under_test

ANYSPLICE = os.environ['E2E_ANYSPLICE']
PROGRAMS = pathlib.Path(os.environ['E2E_PROGRAMS'])  # our own small programs, built by meson
PYTHON = '/usr/bin/python3'
SECONDS = 150  # for any one command: some test machines are busy

_tests = []


class Skip(Exception):
    """Raised by a test that cannot run here; says why."""


def test(function):
    _tests.append(function)
    return function


def run(*argv, status=0, **how):
    """Runs `anysplice ARGV...`; returns its stdout and stderr. Fails if it exits otherwise."""
    process = subprocess.Popen([ANYSPLICE, *map(str, argv)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, **how)
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == status, f'exit {process.returncode}, not {status}: {err[-2000:]}'
    return out, err


def main():
    print(f'1..{len(_tests)}')
    names = [function.__name__.replace('_', ' ') for function in _tests]
    known = under_test.KNOWN
    failed = known.has_others(names)
    for number, (name, function) in enumerate(zip(names, _tests), 1):
        with tempfile.TemporaryDirectory(prefix='anysplice-e2e.') as folder:
            os.chdir(folder)
            try:
                function()
                problem = ''
            except Skip as reason:
                os.chdir('/')
                print(f'ok {number} - {name} # SKIP {reason}', flush=True)
                continue
            except (AssertionError, OSError, LookupError, ValueError,
                    subprocess.TimeoutExpired) as error:
                problem = traceback.format_exc() if not isinstance(error, AssertionError) else (
                    f'{error} at line {error.__traceback__.tb_next.tb_lineno}')
            os.chdir('/')
        failed |= known.report(f'{number} - {name}', name, '-', problem)
    sys.exit(failed)
