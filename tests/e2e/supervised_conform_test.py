"""splice-conform, which is static, supervised: no difference from the kernel but those that
supervised.known lists with their reasons."""

import json
import os
import pathlib
import re
import subprocess
import sys

import tap

PROGRAM = os.environ['E2E_CONFORM']
EXPECTED = json.loads(pathlib.Path(os.environ['E2E_EXPECTED']).read_text())
KNOWN = pathlib.Path(__file__).parent / 'supervised.known'
SECONDS = 600
# Of these nothing is made for a program, and random sequences have them among others.
NOT_MADE = '--skip=kind=unix,kind=terminal,call=sequence'
FEW = 'tee.pipe_with_one_byte_to_pipe_with_*.between'

if EXPECTED['system'].split('.')[:2] != f'Linux {os.uname().release}'.split('.')[:2]:
    print(f'1..0 # SKIP this is Linux {os.uname().release}, and {EXPECTED["system"]} was recorded')
    sys.exit()


def compare(options, *words, known=KNOWN, status=0):
    """Its report, and who answered."""
    argv = [tap.ANYSPLICE, 'run', '--quiet', '--stats=stats', *options, '--', PROGRAM,
            f'--baseline={known}', *words]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=SECONDS)
    new = '\n'.join(re.findall(r'^not ok (?!.*# TODO).*(?:\n .*)*', done.stdout, re.M)[:10])
    assert done.returncode == status, f'exit {done.returncode}: {done.stderr[-500:]} {new}'
    counted = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
    return done.stdout, {key: int(value) for key, value in counted.items()}


@tap.test
def where_the_calls_are_refused():
    for error in 'ENOSYS', 'EPERM':
        report, counted = compare([f'--block={error}'], NOT_MADE)
        assert report.count('\nok ') > 2000, report[-300:]
        for call in 'splice', 'tee', 'vmsplice', 'sendfile':
            assert counted[f'{call}.native_calls'] == 0, counted
            assert counted[f'{call}.engine_calls'] > 500, counted


@tap.test
def where_they_are_not_refused():
    """Then what cannot be made for a program is left to the kernel, and nothing is left out."""
    report, _ = compare(['--mode=emulate'])
    assert ' # SKIP' not in report
    assert report.count('\nok ') > 2500, report[-300:]


@tap.test
def what_is_not_known_fails():
    known = re.findall(r'^tee.pipe_with_one_byte_to_pipe_with_\S+\.between$', KNOWN.read_text(), re.M)
    pathlib.Path('known').write_text('\n'.join(known[1:]))
    report, _ = compare(['--block'], f'--only={FEW}', known='known', status=1)
    assert re.findall(r'^not ok \d+ - (\S+)$', report, re.M) == known[:1], report


@tap.test
def each_is_there_for_a_reason():
    groups = KNOWN.read_text().strip().split('\n\n')[1:]
    assert groups and all(group.startswith('# ') for group in groups), groups
    ids = re.findall(r'^[a-z]\S+', KNOWN.read_text(), re.M)
    assert len(ids) == len(set(ids)), 'twice'


tap.main()
