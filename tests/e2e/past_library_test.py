"""Calls that a program with the library makes past it, by system call instructions of its own: with
`anysplice run --supervise` they are carried out too, and no byte overtakes another."""

import collections
import errno
import hashlib
import os
import pathlib
import random
import time

import go_programs
import tap

PAST = tap.PROGRAMS / 'past_library'
RELAY = tap.PROGRAMS / 'relay'
SEED = int(os.environ.get('E2E_SEED', random.randrange(1 << 30)))
ERRORS = ('ENOSYS', 'EPERM')
FILTER = pathlib.Path(__file__).parent / 'seccomp_filter.py'


def past(*words, options=(), status=0, error='ENOSYS', wrapper=()):
    if not PAST.exists():
        raise tap.Skip('no program with system call instructions for this machine')
    return tap.run('run', f'--block={error}', '--supervise', *options, '--', *wrapper, PAST, *words,
                   status=status)


def counters(file):
    words = (line.split() for line in pathlib.Path(file).read_text().splitlines())
    return collections.Counter({key: int(value) for key, value in words})


def nothing_slipped_through(counted):
    assert all(counted[f'{call}.native_calls'] == 0
               for call in ('splice', 'tee', 'vmsplice', 'sendfile')), counted


@tap.test
def mixed_on_the_same_pipes():
    print(f'# E2E_SEED={SEED}')
    rings = settled = 0
    for number, error in enumerate(ERRORS * 4):
        past('mixed', SEED + number, error=error, options=['--quiet', '--stats=stats'])
        counted = counters('stats')
        nothing_slipped_through(counted)
        rings += counted['rings']
        settled += counted.get('settled.raw.times', 0)
    assert rings > 0 and settled > 0, 'not in any of these'


@tap.test
def mixed_in_threads():
    for number in range(4):
        past('mixed', SEED + number, 3, options=['--quiet'])


@tap.test
def mixed_without_rings():
    for number in range(4):
        past('mixed', SEED + number, 1, options=['--quiet', '--rings=off'])


@tap.test
def bytes_that_tee_leaves_come_first():
    for rings in ('on', 'off'):
        for error in ERRORS:
            out, err = past('tee', options=[f'--rings={rings}'], error=error)
            assert out == 'abcabcdefghiefghi\n', out
            assert f"sendfile that '{PAST}' makes past the C library are carried out by this command" in err, err


@tap.test
def without_being_settled_bytes_overtake_others():
    """Else the tests above show nothing."""
    for number in range(20):
        try:
            out, _ = past('mixed', SEED + number, options=['--quiet'], status=1,
                          wrapper=['env', '--unset=ANYSPLICE_SUPERVISOR'])
            if 'other bytes' in out:
                return
        except AssertionError:
            pass
    raise AssertionError('no byte overtook another')


@tap.test
def without_a_supervisor_they_fail():
    for error in ERRORS:
        out, _ = tap.run('run', f'--block={error}', '--', PAST, 'mixed', SEED, status=1)
        assert os.strerror(getattr(errno, error)) in out, out


@tap.test
def a_second_c_library():
    for error in ERRORS:
        past('dlmopen', SEED, options=['--quiet', '--stats=stats'], error=error)
        nothing_slipped_through(counters('stats'))


@tap.test
def a_go_program_with_cgo_needs_no_option():
    data = os.urandom(20 * 1000 * 1000)
    pathlib.Path('in').write_bytes(data)
    for error in ERRORS:
        out, err = tap.run('run', f'--block={error}', '--stats=stats', '--', go_programs.built('relay', 1), 'in')
        assert out.strip() == hashlib.sha256(data).hexdigest(), out
        assert 'is a Go program' in err and 'are carried out by this command' in err, err
        counted = counters('stats')
        nothing_slipped_through(counted)
        assert counted['splice.engine_bytes'] >= len(data), counted
        assert counted['sendfile.engine_bytes'] == len(data), counted


@tap.test
def a_program_that_it_becomes_or_starts():
    data = os.urandom(300000)
    pathlib.Path('in').write_bytes(data)
    out, _ = past('execute', RELAY, 'in', 'out', options=['--quiet'])
    assert out == 'splices\n' and pathlib.Path('out').read_bytes() == data, out
    out, _ = tap.run('run', '--block', '--supervise', '--quiet', '--', 'sh', '-c',
                     f'{PAST} mixed {SEED} && {RELAY} in second')
    assert out == 'splices\n' and pathlib.Path('second').read_bytes() == data, out


@tap.test
def what_outlives_the_program():
    tap.run('run', '--block', '--supervise', '--quiet', '--', 'sh', '-c',
            f'(sleep 0.3; {PAST} mixed {SEED} > out; echo $? > status) > log 2>&1 &')
    for _ in range(1000):
        if pathlib.Path('status').exists() and pathlib.Path('status').read_text():
            break
        time.sleep(0.05)
    assert pathlib.Path('status').read_text() == '0\n', pathlib.Path('out').read_text()


@tap.test
def the_handler_is_not_seen():
    past('handlers', options=['--quiet'])


@tap.test
def a_thread_that_blocks_the_signal_falls_back():
    """No byte is lost: the program's own read finds them."""
    out, err = past('blocked')
    assert out == f'-1 {errno.EINVAL} 5000\n', out
    assert 'blocks the signal' in err, err


@tap.test
def where_it_cannot_be_supervised_it_falls_back():
    # pidfd_getfd(2) is refused from outside.
    out, err = tap.run('run', '--no-preload', '--', tap.PYTHON, FILTER, str(errno.EPERM),
                       'pidfd_getfd', tap.ANYSPLICE, 'run', '--block', '--supervise', '--', PAST,
                       'mixed', SEED, status=1)
    assert 'they cannot be supervised (Operation not permitted)' in err, err
    assert 'fail with EINVAL' in err and out.endswith(': Invalid argument\n'), (out, err)


@tap.test
def what_it_cannot_go_with():
    for option in ('--no-preload', '--fallback'):
        _, err = tap.run('run', '--supervise', option, '--', 'true', status=125)
        assert '--supervise cannot be combined with' in err, err


tap.main()
