"""Programs that no library can be loaded into, in podman with runc: under its default profile, which
refuses vmsplice, and under one that refuses all four calls."""

import hashlib
import os
import pathlib
import sys

import go_programs
import tap
from hardened import engine, profile

if os.geteuid() != 0:
    print('1..0 # SKIP containers must be started as root')
    sys.exit()
if engine.problem:
    print(f'1..0 # SKIP podman does not work here: {engine.problem}')
    sys.exit()

SIZE = 3000000
RELAY = [tap.PROGRAMS / 'relay', 'in', 'out']
RUN = [tap.ANYSPLICE, 'run', '--']


def inside(argv, refusing, options=()):
    """What it says in a container, and its status. `refusing`: all four calls, with that option."""
    by = profile('--sendfile') if refusing else None
    done = engine.run(engine.command(argv, options, by))
    return done.stdout.strip(), done.stderr, done.returncode


def make():
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    return data


def go():
    relay = go_programs.built('relay')
    folder = os.path.dirname(relay)
    return [relay, 'in'], [f'--volume={folder}:{folder}']


@tap.test
def a_static_relay():
    data = make()
    for argv, refusing, said in ((RELAY, False, 'splices'), ([*RUN, *RELAY], False, 'splices'),
                                 ([*RUN, *RELAY], True, 'copies')):
        out, err, status = inside(argv, refusing)
        assert status == 0 and out == said, (argv, out, err)
        assert pathlib.Path('out').read_bytes() == data
        if argv != RELAY:
            calls = 'splice,tee,vmsplice,sendfile' if refusing else 'vmsplice'
            assert f'calls of {calls} fail with EINVAL' in err, err
    _, err, status = inside(RELAY, True)
    assert status == 1 and 'splice: Function not implemented' in err, err


@tap.test
def a_relay_by_go():
    expected = hashlib.sha256(make()).hexdigest()
    argv, options = go()
    for words, refusing in ((argv, False), ([*RUN, *argv], False), ([*RUN, *argv], True)):
        out, err, status = inside(words, refusing, options)
        assert status == 0 and out == expected, (words, refusing, out, err)
    out, err, status = inside(argv, True, options)
    print(f'# Go alone, where all are refused: status {status}, {err.strip()[-80:]}')
    assert status or out == expected, out


@tap.test
def what_a_static_shell_starts():
    make()
    script = f'{tap.PROGRAMS}/raw_calls splice in out && cmp in out && echo same'
    shell = ['/bin/busybox', 'sh', '-c', script]
    assert inside([*RUN, *shell], True)[0] == 'same'
    assert inside(shell, True)[2] != 0


@tap.test
def vmsplice_where_the_default_refuses_it():
    make()
    raw = [tap.PROGRAMS / 'raw_calls', 'vmsplice', 'in', 'out']
    _, err, status = inside(raw, False)
    assert status == 1 and 'Operation not permitted' in err, err
    _, err, status = inside([*RUN, *raw], False)
    assert status == 0 and pathlib.Path('out').read_bytes() == pathlib.Path('in').read_bytes(), err


try:
    tap.main()
finally:
    engine.close()
