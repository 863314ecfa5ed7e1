"""`anysplice run` of programs that no library can be loaded into, supervised: their calls are
carried out by the command (tools/supervisor)."""

import ctypes
import errno
import filecmp
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import go_programs
import tap

RELAY = tap.PROGRAMS / 'relay'
SAMPLES = pathlib.Path(os.environ['E2E_SAMPLES'])
ASKERS = tap.PROGRAMS / 'askers'
WAITING = tap.PROGRAMS / 'waiting'
SIZE = 3000000


def counters(text):
    """The lines of --stats among others."""
    words = [line.split() for line in text.splitlines()]
    return {word[0]: int(word[1]) for word in words if len(word) == 2 and word[1].isdigit()}


def relays(*options):
    """Has the static relay copy a file; returns stderr."""
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    out, err = tap.run('run', *options, '--', RELAY, 'in', 'out')
    assert out == 'splices\n', out
    assert pathlib.Path('out').read_bytes() == data
    return err


@tap.test
def a_static_program_is_supervised():
    for error in ('ENOSYS', 'EPERM', 'EBADF'):
        if error == 'EBADF':  # is no refusal: the program gets it
            pathlib.Path('in').write_bytes(b'x')
            _, err = tap.run('run', '--block=EBADF', '--', RELAY, 'in', 'out', status=1)
            assert 'splice: Bad file descriptor' in err, err
            continue
        err = relays(f'--block={error}', '--stats')
        counted = counters(err)
        assert counted['splice.engine_bytes'] == 2 * SIZE, err
        assert counted['splice.native_calls'] == 0, err
        assert 'are carried out by this command' in err, err


@tap.test
def quiet_says_nothing():
    assert relays('--block', '--quiet') == ''


@tap.test
def modes():
    assert counters(relays('--mode=emulate', '--stats'))['splice.engine_bytes'] == 2 * SIZE
    assert counters(relays('--mode=native', '--stats'))['splice.native_bytes'] == 2 * SIZE
    assert counters(relays('--stats'))['splice.native_bytes'] == 2 * SIZE
    pathlib.Path('in').write_bytes(b'x')
    _, err = tap.run('run', '--mode=absent=EIO', '--', RELAY, 'in', 'out', status=1)
    assert 'splice: Input/output error' in err, err


@tap.test
def only_some_calls():
    counted = counters(relays('--block', '--block-calls=splice', '--stats'))
    assert counted['splice.engine_bytes'] == 2 * SIZE


@tap.test
def files_that_the_kernel_does_not_splice():
    out, _ = tap.run('run', '--mode=emulate', '--quiet', '--', RELAY, '/proc/self/limits', 'out')
    assert out == 'splices\n' and 'Max open files' in pathlib.Path('out').read_text()


@tap.test
def what_asks_for_the_caller_is_not_made_here():
    """The kernel makes it, or it fails as where the call is not supported."""
    for what in ('rights', 'groups', 'groups=i386', 'namespace', 'socket'):
        done = subprocess.run([ASKERS, what], capture_output=True, text=True)
        if what == 'groups=i386' and done.returncode == -signal.SIGSEGV:
            continue  # the kernel runs no programs of that kind
        assert done.returncode == 0, (what, done)
        native = done.stdout
        out, _ = tap.run('run', '--mode=emulate', '--quiet', '--', ASKERS, what)
        assert out == native, (what, native, out)
        out, err = tap.run('run', '--block=EPERM', '--', ASKERS, what)
        assert out == f'-1 {errno.EINVAL}\n', (what, out)
        assert ('cannot be carried out' in err) == (what not in ('namespace', 'socket')), (what, err)


@tap.test
def the_size_of_files_is_limited_as_by_the_kernel():
    for mode in [], ['--block'], ['--mode=emulate'], ['--mode=native'], ['--copy-file-range=emulate']:
        for what, status in ('limit', 0), ('limit=0', -signal.SIGXFSZ):
            done = subprocess.run([ASKERS, what], capture_output=True, text=True)
            assert done.returncode == status, (what, done)
            out, _ = tap.run('run', *mode, '--stats=stats', '--quiet', '--', ASKERS, what,
                             status=status)
            assert out == done.stdout and pathlib.Path('out').stat().st_size == (3 if out else 0)


@tap.test
def a_netlink_socket_gets_the_address_of_the_program():
    for mode in [], ['--block'], ['--mode=emulate'], ['--mode=native']:
        out, err = tap.run('run', *mode, '--stats', '--quiet', '--', ASKERS, 'netlink')
        assert out == '2 from 1\n2 from -1\n', (mode, out)
        assert ('engine_bytes 4' in err) == (mode in (['--block'], ['--mode=emulate'])), (mode, err)


@tap.test
def go_is_supervised():
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    out, err = tap.run('run', '--block=EPERM', '--stats', '--', go_programs.built('relay'), 'in')
    assert out.strip() == hashlib.sha256(data).hexdigest(), out
    counted = counters(err)
    assert counted['sendfile.engine_bytes'] == SIZE, err
    assert counted['splice.engine_bytes'] >= SIZE, err


@tap.test
def what_is_injected():
    err = relays('--block', '--stats', '--inject=seed=7;splice:short=0.5')
    assert counters(err)['splice.engine_calls'] > 2 * SIZE / 65536, err
    assert counters(relays('--stats', '--inject=splice:limit=1000'))['splice.native_calls'] > 5000
    pathlib.Path('in').write_bytes(b'x')
    out, err = tap.run('run', '--block', '--inject=splice:errno=EINTR', '--', WAITING, 'others')
    assert out == f'-1 {errno.EINTR} 0\n', (out, err)


@tap.test
def injection_is_the_same_as_with_the_library():
    """The same calls get the same decisions: seeds, and the numbers of calls, mean the same."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE // 10))
    recorded = []
    for kind in ('sample', 'static'):
        shutil.copy(SAMPLES / f'{kind}_careful', 'program')
        tap.run('run', '--block', '--quiet', '--record=record', '--rings=off',
                '--inject=seed=3;splice:short=0.3,eagain=0.1', '--', './program', 'in', 'out')
        assert filecmp.cmp('in', 'out', shallow=False)
        recorded.append([line for line in pathlib.Path('record').read_text().splitlines()
                         if line.startswith('program ')])
    assert recorded[0] == recorded[1] and len(recorded[0]) > 3, recorded


@tap.test
def explore_finds_the_same_as_with_the_library():
    pathlib.Path('in').write_bytes(os.urandom(SIZE // 30))
    for sample, status in (('no_fallback', 1), ('careful', 0)):
        found = []
        for kind in ('sample', 'static'):
            out, _ = tap.run('explore', '--json', '--output=out', '--max-runs=60', '--timeout=5',
                             '--mode=emulate', '--block', '--', SAMPLES / f'{kind}_{sample}', 'in',
                             'out', status=status)
            found.append({(finding['verdict'], finding['failure'])
                          for finding in json.loads(out)['findings']})
        assert found[0] == found[1] and bool(found[0]) == bool(status), found


@tap.test
def top_watches():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    out, err = tap.run('top', '--block', '--', RELAY, 'in', 'out')
    assert out == 'splices\n' and 'relay' in err and 'splice' in err, err


@tap.test
def what_outlives_the_program_is_served():
    out, _ = tap.run('run', '--block', '--quiet', '--', WAITING, 'outlived')
    assert out == '5 0 0\n', out


def natively(*words):
    process = subprocess.run([WAITING, *words], stdout=subprocess.PIPE, text=True, timeout=20,
                             check=False)
    return process.stdout, process.returncode


@tap.test
def waits_end_as_the_kernels():
    for how in ('restart', 'interrupt', 'stop', 'broken', 'caught', 'others'):
        for more in ((), ('threads',)):
            out, status = natively(how, *more)
            got, _ = tap.run('run', '--block', '--quiet', '--', WAITING, how, *more, status=status)
            assert got == out, f'{how} {more}: {got!r}, natively {out!r}'


def refuse(*calls):
    """To be called before exec: has these system calls fail with EPERM."""
    library = ctypes.CDLL('libseccomp.so.2')
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(0x7fff0000))
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        assert library.seccomp_rule_add(context, 0x00050000 | errno.EPERM, number, 0) == 0
    assert library.seccomp_load(context) == 0


@tap.test
def where_it_cannot_be_supervised_it_falls_back():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for calls, why in ((['pidfd_getfd'], 'Operation not permitted'),
                       (['process_vm_readv'], 'Operation not permitted'),
                       (['pidfd_open'], 'Operation not permitted'),
                       (['splice', 'tee', 'vmsplice', 'sendfile'], 'a filter answers first')):
        for options, status in ([], 0), (['--stats'], 0), (['--inject=splice:eagain=1'], 125):
            out, err = tap.run('run', '--block', *options, '--', RELAY, 'in', 'out', status=status,
                               preexec_fn=lambda calls=calls: refuse(*calls))
            assert f'cannot be supervised ({why})' in err, err
            assert status or (out == 'copies\n' and 'fail with EINVAL' in err), (out, err)
            assert err.count('\n') == 1, err
            assert ('so there are no statistics' in err) == ('--stats' in options), err


@tap.test
def without_figures_it_runs():
    """Rather than not at all, and that is told; also of a Go program that loads libraries."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    sent = hashlib.sha256(pathlib.Path('in').read_bytes()).hexdigest()
    for program, answer in ([RELAY, 'in', 'out'], 'copies'), ([go_programs.built('relay', 1), 'in'], sent):
        for options in ['--stats'], ['--stats=figures', '--quiet'], ['--stats=json:figures']:
            pathlib.Path('figures').write_text('old')
            out, err = tap.run('run', '--block=EPERM', *options, '--', *program,
                               preexec_fn=lambda: refuse('pidfd_getfd'))
            assert out.strip() == answer, out
            assert re.fullmatch(r'anysplice: .*, so there are no statistics.*\n', err), err
            assert options == ['--stats'] or pathlib.Path('figures').read_text() == ''


@tap.test
def where_there_can_be_no_filter_it_runs_as_it_is():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    _, err = tap.run('run', '--', RELAY, 'in', 'out', status=1,
                     preexec_fn=lambda: refuse('splice', 'seccomp', 'prctl'))
    assert 'refused calls fail as it says' in err and 'splice: Operation not permitted' in err, err


@tap.test
def what_cannot_be_asked_quickly_is_looked_up():
    """What a caller may do, as before Linux 6.13, and what a descriptor is."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for call in 'capget', 'statx':
        before = {'preexec_fn': lambda call=call: refuse(call)}
        out, err = tap.run('run', '--block', '--', RELAY, 'in', 'out', **before)
        assert out == 'splices\n' and filecmp.cmp('in', 'out', shallow=False), err
        for what in 'rights', 'groups':
            out, _ = tap.run('run', '--block', '--', ASKERS, what, **before)
            assert out == f'-1 {errno.EINVAL}\n', (what, out)


@tap.test
def what_only_one_filter_refuses():
    """The others are supervised."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    out, err = tap.run('run', '--block', '--', RELAY, 'in', 'out',
                       preexec_fn=lambda: refuse('tee', 'sendfile'))
    assert out == 'splices\n' and 'calls of splice, vmsplice are carried out' in err, err
    assert 'calls of tee, sendfile fail with EINVAL' in err, err


@tap.test
def there_is_one_supervisor_at_a_time():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    script = f'unset LD_PRELOAD; {tap.ANYSPLICE} run --block -- {RELAY} in out'
    out, err = tap.run('run', '--block', '--quiet', '--', '/bin/busybox', 'sh', '-c', script)
    assert out == 'copies\n' and 'Device or resource busy' in err, (out, err)
    assert filecmp.cmp('in', 'out', shallow=False)
    relay = go_programs.built('relay', cgo=1)
    script = f'unset LD_PRELOAD; {tap.ANYSPLICE} run --block --stats -- {relay} in'
    out, err = tap.run('run', '--block', '--quiet', '--', '/bin/busybox', 'sh', '-c', script)
    assert out.strip() == hashlib.sha256(pathlib.Path('in').read_bytes()).hexdigest(), (out, err)
    assert 'busy), so there are no statistics' in err, err


tap.main()
