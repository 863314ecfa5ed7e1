"""Runs every case of a hazard program on the kernel and under anysplice; prints TAP.

Under anysplice the kernel's own calls are refused, so that only the engine can have answered. Cases
that succeed on the kernel must succeed there.

With `traced` the cases also run under `anysplice trace`, where each line must be whole.

With `rings` they run with rings only, where these alone can do it (docs/limitations.md).

    runner.py PROGRAM [on-its-own | traced | partly | rings | KNOWN_FAILURES]

With `partly` they also run in mode auto, with each subset of the calls refused: what the kernel still
answers, and what the engine does, must agree about the same pipes.

With a file of known failures (known_failures.py) the kernel is left out.

HAZARD_CASE=NAME has only that case run.

HAZARD_OTHER_MACHINE=LIBRARY: the program is one of another machine, which the kernel starts by qemu-user
(tools/with_qemu.sh). The library is preloaded without the command, and the kernel's calls are not refused,
for there are no filters; the mode has to do. What qemu-user cannot do on its own is left out.

HAZARD_TIMES=N has those cases that repeat something do so N times as often, and gives all more time.
"""

import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from known_failures import KnownFailures

OTHER_MACHINE = os.environ.get('HAZARD_OTHER_MACHINE')
ANYSPLICE = OTHER_MACHINE or os.environ['HAZARD_ANYSPLICE']
SETTINGS = {'on the kernel': []}
for rings in ('on', 'off'):
    SETTINGS[f'anysplice, rings {rings}'] = (
        ['env', f'LD_PRELOAD={OTHER_MACHINE}', 'ANYSPLICE_MODE=emulate', f'ANYSPLICE_RINGS={rings}']
        if OTHER_MACHINE else
        [ANYSPLICE, 'run', '--mode=emulate', '--block=ENOSYS', f'--rings={rings}', '--'])
TRACE = 'trace.json'
TRACED = {'anysplice, traced': [ANYSPLICE, 'trace', '-f', '--json', '-o', TRACE, '--mode=emulate',
                                '--block=ENOSYS', '--']}
CALLS = ('splice', 'tee', 'vmsplice', 'sendfile')
PARTLY = {f'anysplice, without {" ".join(calls)}': [ANYSPLICE, 'run', '--mode=auto', '--block=EPERM',
                                                    f'--block-calls={",".join(calls)}', '--']
          for count in range(1, len(CALLS))
          for calls in itertools.combinations(CALLS, count)}
SKIPPED = 77
SECONDS = 15 * int(os.environ.get('HAZARD_TIMES', '1')) * (4 if OTHER_MACHINE else 1)


def run(command, folder):
    """Returns the exit status (128 + a signal's number), and what was said on stderr."""
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    status = process.returncode
    return 128 - status if status < 0 else status, output.decode(errors='replace').strip()


def problem(status, output):
    """What is wrong, or None. The engine must not have had to give up on bytes unnoticed."""
    if status == 0 and not re.search(r'^anysplice: ', output, re.M):
        return None
    what = 'hangs: killed by its watchdog' if status == 128 + signal.SIGKILL else f'exit {status}'
    return f'{what}\n{output}'


def broken_line(path):
    """What is wrong with the trace in that file, if there is one; or None."""
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        try:
            json.loads(line)
        except ValueError as error:
            return f'a line of the trace is broken ({error}): {line}'
        if not line.endswith(b'\n'):
            return f'a line of the trace has no end: {line}'
    return None


def main():
    program = os.path.abspath(sys.argv[1])
    how = sys.argv[2] if len(sys.argv) > 2 else ''
    settings = {'on its own': []} if how == 'on-its-own' else dict(SETTINGS)
    if how == 'traced':
        settings |= TRACED
    if how == 'partly':
        settings |= PARTLY
    if how == 'rings':
        del settings['anysplice, rings off']
    known_failures = how if os.path.sep in how else None
    known = KnownFailures(known_failures, os.path.basename(program))
    if known_failures:
        del settings['on the kernel']
    cases = subprocess.run([program], stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    only = os.environ.get('HAZARD_CASE') or None
    asked = [case for case in cases if only in (None, case)]
    print(f'1..{len(asked) * len(settings)}')
    number = 0
    failed = known.has_others(cases)
    if not asked:
        sys.exit(f'there is no case {only}')
    for case in asked:
        emulator_fails = False
        for setting, prefix in settings.items():
            number += 1
            with tempfile.TemporaryDirectory(prefix='anysplice-hazard.') as folder:
                status, output = run([*prefix, program, case], folder)
                broken = broken_line(pathlib.Path(folder, TRACE))
            name = f'{number} - {case.replace("_", " ")}: {setting}'
            if status == SKIPPED:
                # The reason is said last; TAP has one line for it.
                print(f'ok {name} # SKIP {output.splitlines()[-1]}')
                continue
            wrong = problem(status, output) or broken
            emulator_fails |= bool(wrong and OTHER_MACHINE and not prefix)
            if emulator_fails:
                print(f'ok {name} # SKIP qemu-user fails on its own')
                continue
            failed |= known.report(name, case, setting.rpartition(' ')[2], wrong)
    sys.exit(failed)


main()
