"""Filters that end whoever makes one of the calls, instead of answering: `anysplice run` finds out
first, and the program does not die of it."""

import json
import os
import pathlib
import signal
import subprocess
import sys

import tap
import under_test

FILTER = (sys.executable, pathlib.Path(__file__).parent / 'seccomp_filter.py')
CALLS = ('splice', 'tee', 'vmsplice', 'sendfile')
ACTIONS = ('kill-process', 'kill-thread', 'trap')
RAW = tap.PROGRAMS / 'raw_calls'
# What raw_calls does besides the call that it is named for.
USES = {'splice': {'splice'}, 'tee': {'tee', 'splice'}, 'vmsplice': {'vmsplice'},
        'sendfile': {'sendfile'}}
SIZE = 300000


def asks_kernel(function):
    """A test of an engine that leaves calls to the kernel where it can."""
    return tap.test(function) if under_test.NATIVE else function


def under(action, calls, *argv, **how):
    return subprocess.run([*map(str, (*FILTER, action, ','.join(calls), *argv))],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          **how)


def make():
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    return data


def copies(call, action, killing, *before, options=(), **how):
    """Copies by the call under anysplice, where some of the calls are deadly."""
    data = make()
    done = under(action, killing, *before, tap.ANYSPLICE, 'run', *options, '--stats=stats',
                 '--', RAW, call, 'in', 'out', **how)
    what = f'{call} with {action} of {killing}'
    assert done.returncode == 0, f'{what}: {done.returncode} {done.stderr}'
    assert pathlib.Path('out').read_bytes() == data, what
    counted = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
    for used in USES[call] & (set(killing) if set(killing) <= set(CALLS) else set(CALLS)):
        assert counted[f'{used}.native_bytes'] == '0', f'{what}: the kernel was asked for {used}'
        assert int(counted[f'{used}.engine_bytes']) >= SIZE, f'{what}: {counted}'


@tap.test
def alone_it_dies():
    make()
    for action in ACTIONS:
        for call in CALLS:
            done = under(action, (call,), RAW, call, 'in', 'out')
            assert done.returncode == -signal.SIGSYS, (action, call, done)


@tap.test
def with_anysplice_it_copies():
    for call in CALLS:
        for killing in (CALLS, *((call,) for call in CALLS)):
            copies(call, 'kill-process', killing)
        for action in ('kill-thread', 'trap'):
            copies(call, action, (call,))
            copies(call, action, CALLS)


@tap.test
def without_rings_too():
    for call in CALLS:
        copies(call, 'kill-process', CALLS, options=('--rings=off',))


@tap.test
def some_kill_and_others_answer():
    for call in CALLS:
        copies(call, 'kill-process', ('splice', 'sendfile'), *FILTER, '1', 'tee,vmsplice')


def in_group(name):
    """The calls of one of systemd's groups, such as @system-service."""
    done = subprocess.run(['systemd-analyze', 'syscall-filter', name], capture_output=True,
                          text=True, check=True, timeout=60)
    names = set()
    for word in (line.strip() for line in done.stdout.splitlines()[1:]):
        if word.startswith('@'):
            names |= in_group(word)
        elif word and not word.startswith('#'):
            names.add(word)
    return names


@tap.test
def nothing_but_what_services_may():
    """SystemCallFilter=@system-service, then ~splice tee vmsplice sendfile: all others kill, and
    the command and the library make none of them."""
    left = in_group('@system-service') - {*CALLS, 'sendfile64'}
    pathlib.Path('left').write_text('\n'.join(sorted(left)))
    for call in CALLS:
        copies(call, 'kill-process', ('@left',), options=('--rings=off',))
        copies(call, 'kill-process', ('@left',))


@tap.test
def nothing_but_what_containers_may():
    """The default of podman, with a filter that kills where that would give an error."""
    profile = json.loads(pathlib.Path('/usr/share/containers/seccomp.json').read_text())
    killing = {**profile, 'defaultAction': 'SCMP_ACT_KILL_PROCESS', 'syscalls': [
        {**rule, 'names': [name for name in rule['names'] if name not in CALLS]}
        for rule in profile['syscalls'] if rule['action'] == 'SCMP_ACT_ALLOW']}
    pathlib.Path('profile').write_text(json.dumps(killing))
    for call in CALLS:
        copies(call, 'profile', ('profile',))


@tap.test
def where_children_cannot_be_waited_for():
    """SIGCHLD may be ignored since long before; SIGSYS, too, which does not help."""

    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGSYS, signal.SIG_IGN)

    make()
    for action in ACTIONS:
        for call in CALLS:
            done = under(action, CALLS, tap.ANYSPLICE, 'run', '--', RAW, call, 'in', 'out',
                         preexec_fn=ignore)
            assert done.returncode == 0, (action, call, done)


@tap.test
def the_program_finds_sigchld_as_it_was():
    script = 'import signal; print(int(signal.getsignal(signal.SIGCHLD)))'
    for before in (signal.SIG_DFL, signal.SIG_IGN):
        done = under('trap', CALLS, tap.ANYSPLICE, 'run', '--', tap.PYTHON, '-c', script,
                     preexec_fn=lambda: signal.signal(signal.SIGCHLD, before))
        assert done.stdout == f'{int(before)}\n', done


@tap.test
def what_the_program_starts_is_helped():
    make()
    script = f'{RAW} splice in out && {RAW} tee in out2 && cmp in out && cmp in out2'
    done = under('kill-process', CALLS, tap.ANYSPLICE, 'run', '--', 'sh', '-c', script)
    assert done.returncode == 0, done


@tap.test
def any_error_of_a_filter_is_a_refusal():
    """Service managers let the administrator choose it."""
    for error in ('13', '117'):  # EACCES, EUCLEAN
        for call in CALLS:
            copies(call, error, CALLS)


@asks_kernel
def the_library_alone_has_to_be_told():
    """A preloaded library does not try: ANYSPLICE_REFUSED says it."""
    data = make()
    alone = {**os.environ, 'LD_PRELOAD': os.environ['E2E_LIBRARY']}
    done = under('kill-process', CALLS, 'env', f'LD_PRELOAD={alone["LD_PRELOAD"]}', RAW, 'splice',
                 'in', 'out')
    assert done.returncode == -signal.SIGSYS, done
    for call in CALLS:
        done = under('kill-process', CALLS, 'env', f'LD_PRELOAD={alone["LD_PRELOAD"]}',
                     f'ANYSPLICE_REFUSED={",".join(CALLS)}', RAW, call, 'in', 'out')
        assert done.returncode == 0 and pathlib.Path('out').read_bytes() == data, done


@tap.test
def a_static_program_cannot_be_helped():
    make()
    done = under('kill-process', ('splice',), tap.ANYSPLICE, 'run', '--', tap.PROGRAMS / 'relay',
                 'in', 'out')
    assert done.returncode == -signal.SIGSYS, done
    assert 'a filter here ends whoever calls splice' in done.stderr, done


@tap.test
def a_static_program_is_not_worse_off():
    """No filter of ours can be added there, and the program makes none of the calls."""
    busybox = (tap.ANYSPLICE, 'run', '--', '/bin/busybox', 'echo', 'alive')
    done = under('kill-process', ('splice', 'tee', 'seccomp'), *busybox)
    assert done.stdout == 'alive\n' and 'ends whoever calls splice, tee' in done.stderr, done
    done = under('1', ('splice',), *FILTER, 'kill-process', 'seccomp', *busybox)
    assert done.stdout == 'alive\n' and 'allows no other' in done.stderr, done
    done = under('1', ('splice',), *FILTER, 'kill-process', 'tee', *busybox)
    assert done.stdout == 'alive\n' and 'ends whoever calls tee,' in done.stderr, done
    assert 'calls of splice fail with EINVAL' in done.stderr, done


@asks_kernel
def doctor_shows_it():
    done = under('kill-process', ('splice', 'tee'), tap.ANYSPLICE, 'doctor', '--json')
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    for call in ('splice', 'tee'):
        assert report['calls'][call] == {'kernel': 'killed', 'anysplice': 'engine'}, report['calls']
    assert report['calls']['sendfile'] == {'kernel': 'ok', 'anysplice': 'kernel'}, report['calls']
    table = under('trap', ('vmsplice',), tap.ANYSPLICE, 'doctor').stdout
    assert 'vmsplice             missing (killed), provided by anysplice' in table, table


tap.main()
