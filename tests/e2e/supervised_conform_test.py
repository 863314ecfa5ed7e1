"""splice-conform, which is static, supervised: no difference from the kernel but those that
supervised.known lists with their reasons."""

import json
import os
import pathlib
import re
import subprocess
import sys

import known_differences
import tap

PROGRAM = os.environ['E2E_CONFORM']
EXPECTED = json.loads((pathlib.Path(os.environ['E2E_EXPECTED']) / 'linux-6.18.json').read_text())
TEXT = (pathlib.Path(__file__).parent / 'supervised.known').read_text()
KNOWN = known_differences.Known(TEXT)
SECONDS = 600
# Of these nothing is made for a program, and random sequences have them among others.
NOT_MADE = '--skip=kind=unix,kind=terminal,call=sequence'

if EXPECTED['system'].split('.')[:2] != f'Linux {os.uname().release}'.split('.')[:2]:
    print(f'1..0 # SKIP this is Linux {os.uname().release}, and {EXPECTED["system"]} was recorded')
    sys.exit()


def compare(options, *words):
    """Its report, and who answered."""
    argv = [tap.ANYSPLICE, 'run', '--quiet', '--stats=stats', *options, '--', PROGRAM, '--json',
            *words]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=SECONDS)
    assert done.returncode in (0, 1), f'exit {done.returncode}: {done.stderr[-500:]}'
    report = json.loads(done.stdout)
    assert len(report['differences']) == report['new'], report['new']
    counted = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
    return report, {key: int(value) for key, value in counted.items()}


@tap.test
def where_the_calls_are_refused():
    for error in 'ENOSYS', 'EPERM':
        report, counted = compare([f'--block={error}'], NOT_MADE)
        new = KNOWN.excuse(report['differences'])
        assert not new, '\n'.join(new[:10])
        assert report['same'] > 2000, report['same']
        for call in 'splice', 'tee', 'vmsplice', 'sendfile':
            assert counted[f'{call}.native_calls'] == 0, counted
            assert counted[f'{call}.engine_calls'] > 500, counted


@tap.test
def where_they_are_not_refused():
    """Then what cannot be made for a program is left to the kernel, and nothing is left out."""
    report, _ = compare(['--mode=emulate'])
    new = KNOWN.excuse(report['differences'])
    assert not new, '\n'.join(new[:10])
    assert not report['skipped'] and report['same'] > 2500, report['same']


@tap.test
def nothing_is_excused_that_does_not_differ():
    assert KNOWN.gone() == [], KNOWN.gone()


@tap.test
def what_is_not_known_fails():
    """Another case, another kind of difference in a case that is known, and one case too many."""
    one = {'id': 'vmsplice.17_one_byte_calls.memory', 'linux': 'vmsplice = EAGAIN',
           'came': 'vmsplice = 1'}
    known = known_differences.Known('vmsplice.17_one_byte_calls.memory more 1')
    assert known.excuse([one]) == [] and known.gone() == []
    for other in ({'id': 'vmsplice.18_one_byte_calls.memory'}, {'came': 'vmsplice = EINVAL'},
                  {'came': 'vmsplice = 1 (WRONG: the input lost 3 bytes)'}, {'came': 'tee = 1'},
                  {'linux': 'vmsplice = 1', 'came': 'vmsplice = 1'}):
        assert len(known.excuse([one | other])) == 1, other
    assert known.excuse([one, one]) == ['vmsplice.17_one_byte_calls.memory: 2 cases']
    assert known_differences.Known('vmsplice.*.memory more 2').gone() == ['vmsplice.*.memory: 0 cases']


@tap.test
def each_is_there_for_a_reason():
    groups = TEXT.strip().split('\n\n')[1:]
    assert groups and all(group.startswith('# ') for group in groups), groups
    assert all(re.search(r'^[a-z{]', group, re.M) for group in groups), groups


tap.main()
