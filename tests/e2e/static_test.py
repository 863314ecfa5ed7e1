"""`anysplice run` of programs that no library can be loaded into: what is refused becomes EINVAL."""

import hashlib
import os
import subprocess

import go_programs
import tap

RELAY = tap.PROGRAMS / 'relay'
SIZE = 300000


def relays(*options, status=0):
    """What the static relay did, and what the command said of it."""
    data = os.urandom(SIZE)
    with open('in', 'wb') as file:
        file.write(data)
    out, err = tap.run('run', *options, '--', RELAY, 'in', 'out', status=status)
    if status == 0:
        with open('out', 'rb') as file:
            assert file.read() == data
    return out, err


@tap.test
def where_nothing_is_refused_it_splices():
    out, err = relays()
    assert out == 'splices\n' and 'statically linked' in err and 'nothing is refused' in err, err


@tap.test
def on_its_own_it_fails_where_splice_is_refused():
    for error in ('ENOSYS', 'EPERM'):
        _, err = relays(f'--block={error}', '--no-preload', status=1)
        assert err.startswith('splice: '), err


@tap.test
def refused_calls_become_einval():
    for error in ('ENOSYS', 'EPERM'):
        out, err = relays(f'--block={error}', '--fallback')
        assert out == 'copies\n', out
        assert 'calls of splice, tee, vmsplice, sendfile fail with EINVAL' in err, err


@tap.test
def only_those_that_are_refused():
    out, err = relays('--block', '--fallback', '--block-calls=sendfile,tee')
    assert out == 'splices\n' and 'calls of tee, sendfile fail' in err, (out, err)


@tap.test
def the_filter_may_come_from_outside():
    out, _ = tap.run('run', '--block=EPERM', '--no-preload', '--', tap.ANYSPLICE, 'run', '--',
                     RELAY, '/proc/self/exe', 'out')
    assert out == 'copies\n', out


@tap.test
def behind_a_filter_it_costs_nothing_by_itself():
    """What a filter refuses the program copies by itself, without being asked to and at full speed:
    no call is carried out for it."""
    data = os.urandom(SIZE * 10)
    with open('in', 'wb') as file:
        file.write(data)
    for cgo in 0, 1:
        out, err = tap.run('run', '--block=EPERM', '--no-preload', '--', tap.ANYSPLICE, 'run', '--',
                           go_programs.built('relay', cgo), 'in')
        assert out.strip() == hashlib.sha256(data).hexdigest(), out
        assert 'a filter answers first' in err and 'fail with EINVAL' in err, err


@tap.test
def quiet_says_nothing():
    assert relays('--quiet', '--block')[1] == ''
    assert relays('--quiet')[1] == ''


@tap.test
def what_needs_more_is_refused_with_fallback():
    for option in ('--mode=emulate', '--stats', '--inject=splice:eagain=1', '--rings=off', '--as=gvisor',
                   '--control', '--replay=x'):
        _, err = relays('--block', option, '--fallback', status=125)
        name = option.split('=')[0]
        assert 'statically linked' in err and err.endswith(
            f'with --fallback its calls are not seen: it cannot be combined with {name}\n'), err
    assert relays('--mode=auto')[0] == 'splices\n'


@tap.test
def what_its_own_pipes_would_be_is_refused():
    for option in ('--inject=pipes:capacity=8k', '--inject=splice:eagain=1;pipes:fixed', '--as=pipe-limit'):
        _, err = relays(option, status=125)
        assert 'pipes: has no effect on supervised programs' in err, err
    assert relays('--as=linux-2.6.31')[0] == 'splices\n'


@tap.test
def what_it_starts_is_helped():
    """By a shell without shared libraries, dynamic programs have the library."""
    with open('in', 'wb') as file:
        file.write(os.urandom(SIZE))
    script = f'{tap.PYTHON} -c "import os; f = os.open(\'in\', os.O_RDONLY); r, w = os.pipe(); ' \
             'print(os.splice(f, w, 4096))"'
    out, err = tap.run('run', '--block=ENOSYS', '--', '/bin/busybox', 'sh', '-c', script)
    assert out == '4096\n' and 'statically linked' in err, (out, err)


@tap.test
def the_command_may_have_the_library_itself():
    """As where a container's profile names it in LD_PRELOAD. What is refused the kernel says."""
    preload = os.environ['E2E_LIBRARY']
    with open('in', 'wb') as file:
        file.write(os.urandom(SIZE))
    inner = (tap.ANYSPLICE, 'run', '--', RELAY, 'in', 'out')
    for outer in (('--no-preload', '--', 'env', f'LD_PRELOAD={preload}'), ('--',)):
        out, err = tap.run('run', '--block', *outer, *inner)
        assert out == 'copies\n', out
        assert 'statically linked' in err and 'fail with EINVAL' in err, err


@tap.test
def programs_find_the_list_as_it_was():
    library = os.environ['E2E_LIBRARY']
    for given in (f'./other.so:{library}', library, './other.so'):
        for options in (('run', '--no-preload'), ('run',), ('top', '--count=1')):
            environment = {**os.environ, 'LD_PRELOAD': given}
            out, _ = tap.run(*options, '--', '/usr/bin/env', env=environment)
            variables = dict(line.split('=', 1) for line in out.splitlines() if '=' in line)
            expected = given if '--no-preload' in options or library in given else (
                f'{library}:{given}')
            assert variables['LD_PRELOAD'] == expected, (options, variables['LD_PRELOAD'])
            assert 'ANYSPLICE_LD_PRELOAD' not in variables


def relays_by_go(*options, status=0, cgo=0):
    data = os.urandom(SIZE * 10)
    with open('in', 'wb') as file:
        file.write(data)
    out, err = tap.run('run', *options, '--', go_programs.built('relay', cgo), 'in', status=status)
    assert status or out.strip() == hashlib.sha256(data).hexdigest(), out
    return err


@tap.test
def go_relays():
    assert 'nothing is refused' in relays_by_go()


@tap.test
def go_alone_where_splice_is_refused():
    """Else the next test shows nothing. Version 1.19 fails."""
    for error in ('ENOSYS', 'EPERM'):
        try:
            err = relays_by_go(f'--block={error}', '--no-preload', status=1)
            assert 'splice: ' in err or 'sendfile: ' in err, err
        except AssertionError:
            relays_by_go(f'--block={error}', '--no-preload')
            print(f'# {subprocess.check_output(["go", "version"], text=True).strip()} copes with '
                  f'{error} by itself')


@tap.test
def go_copies_where_splice_is_refused():
    for error in ('ENOSYS', 'EPERM'):
        assert 'EINVAL' in relays_by_go(f'--block={error}', '--fallback')


@tap.test
def go_beside_the_library():
    """With cgo it is not static, and has the library; but its calls do not go through libc."""
    assert relays_by_go(cgo=1) == ''
    err = relays_by_go('--block=EPERM', '--fallback', cgo=1)
    assert 'what does not go through the C library: calls of splice' in err, err

    err = relays_by_go('--block', '--fallback', '--stats', '--inject=sendfile:errno=EIO', status=125,
                       cgo=1)
    assert 'Go program' in err and '--fallback' in err and '--inject, --stats' in err, err


tap.main()
