"""A plug-in of pytest: tests under anysplice. Copy this file, or name its folder in PYTHONPATH, and
load it by `pytest -p pytest_anysplice` or `pytest_plugins = ['pytest_anysplice']` in conftest.py.

    pytest -p pytest_anysplice --anysplice='--inject=all:short=0.3;seed=1'

runs all of pytest, and what the tests start, under `anysplice run` with these options. And a test can
ask for commands under anysplice:

    def test_copy(anysplice):
        anysplice.run('./copy', 'in', 'out', inject='splice(->file):errno=ENOSPC@1', status=1)
        anysplice.explore('./copy', 'in', 'out', output=['out'])    # fails if something is found
"""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

_INSIDE = 'PYTEST_ANYSPLICE'  # set in the pytest that was started under anysplice


def pytest_addoption(parser):
    group = parser.getgroup('anysplice')
    group.addoption('--anysplice', metavar='OPTIONS',
                    help="run all of it under 'anysplice run OPTIONS'")
    group.addoption('--anysplice-command', metavar='FILE', default='anysplice',
                    help='the command anysplice, if it is not in the PATH')


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    options = config.getoption('--anysplice')
    if options is None or _INSIDE in os.environ:
        return None
    command = [_command(config), 'run', *shlex.split(options), '--', sys.executable, '-m', 'pytest',
               *config.invocation_params.args]
    sys.stdout.flush()
    return subprocess.call(command, env={**os.environ, _INSIDE: '1'},
                           cwd=config.invocation_params.dir)


def _command(config):
    name = config.getoption('--anysplice-command')
    found = shutil.which(name)
    if found is None:
        raise pytest.UsageError(f"there is no command '{name}'")
    return found


class Anysplice:
    """Commands under anysplice, in the current folder."""

    def __init__(self, command):
        self._command = command

    def _call(self, *words):
        return subprocess.run([self._command, *map(str, words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)

    def run(self, *command, inject=None, options=(), status=0):
        """`anysplice run`; returns what it printed. `status`: how the command is to exit."""
        injected = [f'--inject={inject}'] if inject else []
        done = self._call('run', *injected, *options, '--', *command)
        if done.returncode != status:
            pytest.fail(f'{shlex.join(map(str, command))}: exit {done.returncode}, not {status}\n'
                        f'{done.stdout}{done.stderr}', pytrace=False)
        return done.stdout

    def explore(self, *command, output=(), options=()):
        """`anysplice explore`; fails with each failure that the command does not survive."""
        files = [f'--output={file}' for file in output]
        done = self._call('explore', '--json', *files, *options, '--', *command)
        if done.returncode not in (0, 1):
            pytest.fail(done.stderr, pytrace=False)
        report = json.loads(done.stdout)
        if report['findings']:
            pytest.fail('\n'.join(f"{finding['verdict']}: {finding['failure']}, {finding['spec']}\n"
                                  f"  {finding['repeat']}"
                                  for finding in report['findings']), pytrace=False)
        return report


@pytest.fixture
def anysplice(request):
    return Anysplice(_command(request.config))
