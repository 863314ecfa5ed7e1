"""Programs whose calls do not go through a shared C library, in podman with runc: under its default
profile, which refuses vmsplice, and under one that refuses all four calls."""

import os
import pathlib
import sys

import own_calls
import tap
from hardened import engine, profile

if os.geteuid() != 0:
    print('1..0 # SKIP containers must be started as root')
    sys.exit()
if engine.problem:
    print(f'1..0 # SKIP podman does not work here: {engine.problem}')
    sys.exit()

SIZE = 3000000
RUN = [tap.ANYSPLICE, 'run', '--']


def inside(argv, refusing):
    """What it says in a container, and its status. `refusing`: all four calls, with that option."""
    by = profile('--sendfile') if refusing else None
    done = engine.run(engine.command(argv, (), by))
    return done.stdout.strip(), done.stderr, done.returncode


def make():
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    return data


def test_of(program):
    def in_a_container():
        data = make()
        run = [tap.ANYSPLICE, 'run', *program.options, '--', *program.argv()]
        for argv, refusing in (program.argv(), False), (run, False), (run, True):
            out, err, status = inside(argv, refusing)
            assert status == 0, (argv, refusing, out, err)
            says = program.check(out, data)
            assert says in ('', 'copies' if refusing else 'splices'), (argv, refusing, says)
            if argv is run and (refusing or not program.shared):
                calls = 'splice, tee, vmsplice, sendfile' if refusing else 'vmsplice'
                assert f'calls of {calls} fail with EINVAL' in err, (refusing, err)
        out, err, status = inside(program.argv(), True)
        print(f'# {program.name} alone, where all are refused: status {status}, '
              f'{err.strip()[-80:]}')
        if program.check is own_calls.relays:
            assert status == 1 and 'splice: Function not implemented' in err, err
        assert status or program.check(out, data) == '', out

    in_a_container.__name__ = program.name
    tap.test(in_a_container)


for each in own_calls.PROGRAMS:
    test_of(each)


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
