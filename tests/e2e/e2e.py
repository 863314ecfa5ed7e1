"""Real, unmodified programs under `anysplice run`; prints TAP.

A test is a function that runs a program in a box and asserts that its output is right:

    @e2e.test(carries={'splice': 2 * SIZE})
    def copies_a_file(box):
        box.run('program', 'in', 'out')
        assert box.same('in', 'out')

It runs in every setting: on its own, so that the test itself is known to be right; with the
kernel's calls refused and nobody to help, where it must fail (or fall back, if the test says so;
where only some versions of a program fall back, the result tells what this one does);
and with the calls refused under anysplice. There it must succeed, no byte may have gone through a
refused call, and the engine must have carried at least the bytes that the test names: a program
that quietly falls back to read and write proves nothing.

With the POSIX engine (under_test.py) only the settings under anysplice are left, of one errno.
"""

import collections
import contextlib
import dataclasses
import filecmp
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

import under_test

ANYSPLICE = os.environ['E2E_ANYSPLICE']
PROGRAMS = pathlib.Path(os.environ['E2E_PROGRAMS'])  # our own small programs, built by meson
PYTHON = '/usr/bin/python3'
CALLS = ('splice', 'tee', 'vmsplice', 'sendfile')
MIB = 1 << 20
SECONDS = 150  # for any one program

# A loopback address of this process alone: fixed ports on it meet nobody else's.
HOST = f'127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}'


@dataclasses.dataclass
class Setting:
    """What a program finds when it runs."""

    name: str
    refused: tuple = ()  # the calls the kernel does not answer
    error: str = ''  # what they fail with
    block: bool = False  # have `anysplice run --block` refuse them
    helped: bool = False  # with anysplice preloaded
    rings: str = 'on'
    inside: tuple = ()  # the command of a sandbox to run in


SETTINGS = [Setting('on its own')] if under_test.NATIVE else []
# An engine that makes none of these calls does not meet the errors.
for _error in ('ENOSYS', 'EPERM') if under_test.NATIVE else ('ENOSYS',):
    if under_test.NATIVE:
        SETTINGS.append(Setting(f'{_error}, no help', CALLS, _error, block=True))
    for _rings in ('on', 'off'):
        SETTINGS.append(Setting(f'{_error}, anysplice, rings {_rings}', CALLS, _error, True, True,
                                _rings))


class Box:
    """One run of one test: a setting, a scratch folder, and the counters of what ran."""

    def __init__(self, setting, folder):
        self.setting = setting
        self.folder = pathlib.Path(folder)
        self.stats_files = []

    def command(self, *argv):
        """argv as a command line for this setting."""
        setting = self.setting
        argv = [str(arg) for arg in argv]
        if setting.block or setting.helped:
            options = [f'--block={setting.error}'] if setting.block else []
            if setting.helped:
                stats = self.folder / f'stats.{len(self.stats_files)}'
                self.stats_files.append(stats)
                options += [f'--rings={setting.rings}', f'--stats={stats}']
            else:
                options.append('--no-preload')
            argv = [ANYSPLICE, 'run', *options, '--', *argv]
        return [*setting.inside, *argv]

    def stage(self, *argv):
        """argv as one stage of a shell pipeline whose other stages stay plain."""
        return shlex.join(self.command(*argv))

    def run(self, *argv, **how):
        """Runs argv in this setting; returns its output. Fails if it fails."""
        return self._finish(self.command(*argv), **how)

    def shell(self, script, **how):
        """Runs a script by a plain bash."""
        return self._finish(['bash', '-o', 'pipefail', '-c', script], **how)

    def _finish(self, command, input=b''):
        process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            out, err = process.communicate(input, SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        if process.returncode:
            raise AssertionError(f'{shlex.join(command)}: exit {process.returncode}: '
                                 f'{err.decode(errors="replace")[-2000:]}')
        return out.decode(errors='replace')

    @contextlib.contextmanager
    def serve(self, port, *argv):
        """Runs argv as a server that listens on HOST and port, until the block ends."""
        with open(self.folder / 'server.log', 'ab') as log:
            process = subprocess.Popen(self.command(*argv), cwd=self.folder, stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_for(port, process)
            yield
        finally:
            stop(process)

    def make(self, name, size):
        """Makes a file of random bytes."""
        (self.folder / name).write_bytes(os.urandom(size))

    def same(self, *names):
        first, *others = (self.folder / name for name in names)
        return all(filecmp.cmp(first, other, shallow=False) for other in others)

    def counters(self):
        """The counters of all commands of this box, added up."""
        total = collections.Counter()
        for path in self.stats_files:
            for line in path.read_text().splitlines():
                key, value = line.split()
                total[key] += int(value)
        return total


def wait_for(port, process):
    for _ in range(500):
        assert process.poll() is None, f'the server ended with {process.returncode}'
        with contextlib.suppress(ConnectionError):
            socket.create_connection((HOST, port), timeout=5).close()
            return
        time.sleep(0.02)
    raise TimeoutError(f'nobody listens on {HOST}:{port}')


def stop(process):
    """Ends a server and what it started."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal_number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


_tests = []


def test(carries=None, falls_back=(), may_fall_back=(), settings=SETTINGS):
    """Registers a test.

    carries: call -> bytes that the engine must have carried.
    falls_back: the errors of the kernel's call that the program itself gets around.
    may_fall_back: those that only some versions of the program get around.
    """

    def register(function):
        name = function.__name__.replace('_', ' ')
        _tests.extend((name, function, carries or {}, falls_back, may_fall_back, s)
                      for s in settings)
        return function

    return register


class WorksAlone(str):
    """The outcome of a test of a program that needs no help, though others of its versions do."""


def _check(function, carries, falls_back, may_fall_back, setting):
    """Runs one test in one setting. Returns what is wrong, or WorksAlone, or None."""
    with tempfile.TemporaryDirectory(prefix='anysplice-e2e.') as folder:
        box = Box(setting, folder)
        try:
            function(box)
            error = None
        except (AssertionError, OSError, subprocess.TimeoutExpired) as exception:
            error = repr(exception)
        if not setting.helped:
            should_work = not setting.refused or setting.error in falls_back
            if should_work:
                return error
            if error:
                return None
            if setting.error in may_fall_back:
                return WorksAlone(f'this version copes with {setting.error} by itself')
            return 'works without help: the test proves nothing'
        if error:
            return error
        counted = box.counters()
        for call in CALLS:
            native, engine = counted[f'{call}.native_bytes'], counted[f'{call}.engine_bytes']
            if call in setting.refused and native:
                return f'{native} bytes went through the native {call}'
            if engine < carries.get(call, 0):
                return f'the engine carried {engine} bytes by {call}, not {carries[call]}'
        return None


def main():
    print(f'1..{len(_tests)}')
    known = under_test.KNOWN
    failed = known.has_others(name for name, *_ in _tests)
    for number, (name, *how, setting) in enumerate(_tests, 1):
        outcome = _check(*how, setting)
        title = f'{number} - {name}: {setting.name}'
        if isinstance(outcome, WorksAlone):
            print(f'ok {title} # SKIP {outcome}', flush=True)
        else:
            failed |= known.report(title, name, setting.rings, outcome)
    sys.exit(failed)
