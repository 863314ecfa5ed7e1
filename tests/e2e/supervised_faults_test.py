"""What is made to go wrong in programs that no library can be loaded into: by `anysplice run --inject`,
`--as` and `anysplice explore` the same as in programs that have the library."""

import json
import os
import pathlib
import shutil

import go_programs
import tap

SAMPLES = pathlib.Path(os.environ['E2E_SAMPLES'])
SIZE = 100_000

# Who answers: the kernel, and the engine where there is nobody else.
SETTINGS = (['--mode=auto'], ['--mode=native'], ['--mode=emulate', '--block'])

SPECIFICATIONS = {
    'all:short;seed=1': 0,
    'splice:byte@below=50': 0,
    'splice:limit=1000;tee:limit=10;sendfile:limit=999;vmsplice:limit=5000': 0,
    'all:eintr=0.3;seed=5': 0,
    'all:eagain=0.3;seed=6': 0,
    'splice:short=0.5,eintr=0.1;tee:short=0.5;vmsplice:eagain=0.2;seed=42': 0,
    'splice:errno=ENOMEM@3': 1,
    'tee:errno=ENOMEM@2': 1,
    'sendfile:errno=EIO@2': 1,
    'vmsplice:errno=ENOMEM@2': 1,
    'splice:enosys': 1,
    'splice:gone=EPERM@4': 1,
    'sendfile:gone@2': 1,
    'vmsplice:errno=EPERM': 1,
}


@tap.test
def the_same_as_with_the_library():
    """Each call says the same, and the decisions that were written down are the same."""
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    for specification, status in SPECIFICATIONS.items():
        seen = []
        for setting in SETTINGS:
            for kind in 'shared', 'static':
                shutil.copy(tap.PROGRAMS / f'copies_{kind}', 'program')
                out, err = tap.run('run', *setting, '--rings=off', '--inject', specification,
                                   '--record=record', '--', './program', 'in', 'out', status=status)
                assert ('are carried out by this command' in err) == (kind == 'static'), err
                assert status or pathlib.Path('out').read_bytes() == data * 3, specification
                decisions = [line for line in pathlib.Path('record').read_text().splitlines()
                             if line.startswith('program ')]
                seen.append((out, decisions))
        assert all(each == seen[0] for each in seen), (specification, seen)
        assert seen[0][1], (specification, 'nothing was decided')


@tap.test
def a_replay_repeats():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    command = ['--', tap.PROGRAMS / 'copies_static', 'in', 'out']
    first, _ = tap.run('run', '--inject=all:short=0.5,eintr=0.2', '--record=first', *command)
    for setting in SETTINGS:
        again, _ = tap.run('run', *setting, '--replay=first', '--record=second', *command)
        assert again == first, setting
        assert pathlib.Path('first').read_text() == pathlib.Path('second').read_text(), setting


@tap.test
def each_process_has_the_name_of_its_program():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    relay = tap.PROGRAMS / 'relay'
    tap.run('run', '--inject=splice:limit=999@2', '--record=record', '--', '/bin/busybox', 'sh', '-c',
            f'{relay} in out; {relay} in out; {SAMPLES}/static_careful in out')
    lines = pathlib.Path('record').read_text().splitlines()[2:]
    assert lines == [f'{name} 0 splice 2 limit=999'
                     for name in ('relay', 'relay#2', 'static_careful')], lines


def explored(program, *options, status=1, runs=60, timeout=5):
    out, err = tap.run('explore', '--json', '--output=out', f'--max-runs={runs}',
                       f'--timeout={timeout}', *options, '--', *program, status=status)
    return json.loads(out), err


def verdicts(found):
    return {(finding['verdict'], finding['failure']) for finding in found['findings']}


@tap.test
def explore_finds_the_same_as_with_the_library():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for sample, runs, timeout in (('no_fallback', 60, 5), ('short_count', 25, 2), ('careful', 60, 5)):
        both = []
        for kind in 'sample', 'static':
            found, err = explored([SAMPLES / f'{kind}_{sample}', 'in', 'out'], '--mode=emulate',
                                  '--block', runs=runs, timeout=timeout, status=sample != 'careful')
            said = f'{SAMPLES}/static_{sample}'
            assert (f"'{said}'" in err and 'carried out by this command' in err) == (kind == 'static')
            # What the test says is its own.
            complaints = [finding['stderr'] for finding in found['findings']]
            assert not any('anysplice' in each for each in complaints), complaints
            both.append((verdicts(found), complaints))
        assert both[0] == both[1] and bool(both[0][0]) == (sample != 'careful'), both


@tap.test
def explore_finds_the_mistake_of_a_go_test():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for cgo, setting in (0, []), (0, ['--mode=emulate', '--block']), (1, []):
        found, _ = explored([go_programs.built('short_count_test', cgo)], *setting, runs=25,
                            timeout=2)
        assert ('wrong output', 'half of it moved') in verdicts(found), found
        [one] = [each for each in found['findings'] if each['verdict'] == 'wrong output']
        assert one['repeat'].startswith('anysplice run'), one


tap.main()
