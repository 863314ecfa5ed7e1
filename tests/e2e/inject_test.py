"""`anysplice run --inject`, `--record` and `--replay` on programs that know nothing of them."""

import os
import pathlib
import re

import tap
import under_test

SAMPLES = pathlib.Path(os.environ['E2E_SAMPLES'])
SIZE = 300_000

# Every mode has to inject alike, with the kernel's calls and without.
SETTINGS = [['--mode=auto'], ['--mode=emulate', '--block'],
            ['--mode=emulate', '--rings=off', '--block']]
if under_test.NATIVE:
    SETTINGS.append(['--mode=native'])

SPLICE = """
import os, sys
source, target = open('in', 'rb'), open('out', 'wb')
read_end, write_end = os.pipe()
while moved := os.splice(source.fileno(), write_end, 1 << 16):
    print('in', moved)
    while moved:
        n = os.splice(read_end, target.fileno(), moved)
        print('out', n)
        moved -= n
"""

SENDFILE = """
import os
source, target = open('in', 'rb'), open('out', 'wb')
offset = 0
while moved := os.sendfile(target.fileno(), source.fileno(), offset, 1 << 16):
    offset += moved
"""


def make(name, size):
    pathlib.Path(name).write_bytes(os.urandom(size))


def same(*names):
    first, *others = (pathlib.Path(name).read_bytes() for name in names)
    return all(first == other for other in others)


def copy(program, *options, status=0):
    """Runs a program that copies `in` to `out`."""
    make('in', SIZE)
    return tap.run('run', *options, '--', tap.PYTHON, '-c', program, status=status)


@tap.test
def short_counts_are_true_counts():
    for setting in SETTINGS:
        for program in (SPLICE, SENDFILE):
            copy(program, *setting, '--inject', 'all:short')
            assert same('in', 'out'), setting


@tap.test
def one_byte_at_a_time():
    for setting in SETTINGS:
        copy(SPLICE, *setting, '--inject', 'splice(pipe->file):byte@below=500')
        assert same('in', 'out'), setting
        # Into the pipe and out of it, each byte is moved twice.
        out, _ = copy(SPLICE, *setting, '--inject', 'splice:byte@below=500')
        assert same('in', 'out') and out.count('out 1\n') == 250, out


@tap.test
def an_error_at_the_third_call():
    for setting in SETTINGS:
        out, err = copy(SPLICE, *setting, '--inject', 'splice:errno=ENOMEM@3', status=1)
        assert 'Cannot allocate memory' in err, err
        assert out.split() == ['in', '65536', 'out', '65536'], out


@tap.test
def programs_see_systems_without_the_calls():
    make('in', SIZE)
    for what in ('enosys', 'errno=EPERM', 'gone@1'):
        for name, status in ('careful', 0), ('no_fallback', 1):
            tap.run('run', f'--inject=splice:{what}', '--', SAMPLES / f'sample_{name}', 'in', 'out',
                    status=status)
            assert status or same('in', 'out'), what


# sendfile to two connections, of which one is named.
TO_SOCKETS = """
import os, socket
listener = socket.create_server(('127.0.0.1', 0))
port = listener.getsockname()[1]
client = socket.create_connection(('127.0.0.1', port))
server, _ = listener.accept()
pair = socket.socketpair()
source = open('in', 'rb')
for end in (server, client, pair[0]):
    try:
        print(os.sendfile(end.fileno(), source.fileno(), 0, 1000))
    except OSError as error:
        print(error.errno)
"""


@tap.test
def what_people_name():
    full = 'No space left'
    for setting in SETTINGS:
        out, _ = copy(TO_SOCKETS, *setting, '--inject', 'sendfile(->tcp:127.0.0.1:*):errno=EINVAL')
        assert out == '22\n22\n1000\n', out
        if not under_test.NATIVE:
            continue  # it knows no paths
        for ends, err in (('->file:out', full), ('->file:*/out', full),
                          (f'->file:{os.getcwd()}/o?t', full), ('pipe->file:other', ''),
                          ('->file:ou', ''), ('->pipe:out', '')):
            _, said = copy(SPLICE, *setting, '--inject', f'splice({ends}):errno=ENOSPC@3..',
                           status=1 if err else 0)
            assert err in said, (setting, ends, said)
        copy(SPLICE, *setting, '--inject', 'splice(fd:1000->file:out):errno=ENOSPC')


@tap.test
def a_disk_that_fills_up_and_files_that_are_spared():
    for setting in SETTINGS:
        out, err = copy(SPLICE, *setting, '--inject', 'splice(->file):errno=ENOSPC@after=100k',
                        status=1)
        assert 'No space left' in err and out.count('out') == 2, (setting, out, err)
        copy(SPLICE, *setting, '--inject', 'splice(file->):pass;splice:errno=ENOSPC@6..')


@tap.test
def what_people_name_in_static_programs():
    if not under_test.NATIVE:
        return
    make('in', SIZE)
    relay = pathlib.Path(os.environ['E2E_PROGRAMS'], 'relay')
    for ends, status in (('->file:out', 1), ('->fd:4', 1), ('fd:5->fd:4', 1), ('->fd:3', 0),
                         ('file:out->', 0), ('file:in->fd:6', 1)):
        tap.run('run', '--block', '--inject', f'splice({ends}):errno=EIO@2', '--', relay, 'in',
                'out', status=status)
        assert status or same('in', 'out'), ends


PROCESSES_AND_THREADS = """
import os, sys, threading
def copy(name):
    source, target = open('in', 'rb'), open(f'out.{name}', 'wb')
    read_end, write_end = os.pipe()
    while moved := os.splice(source.fileno(), write_end, 20000):
        while moved:
            moved -= os.splice(read_end, target.fileno(), moved)
child = os.fork()
if not child:
    copy('child')
    os._exit(0)
copy('main')
for name in 'ab':
    thread = threading.Thread(target=copy, args=(name,))
    thread.start()
    thread.join()
sys.exit(os.waitpid(child, 0)[1])
"""


@tap.test
def a_hundred_runs_from_one_seed_are_the_same():
    make('in', 60_000)
    recordings = set()
    for number in range(100):
        tap.run('run', *SETTINGS[number % len(SETTINGS)], '--record=decisions', '--inject',
                'splice:short=0.5,eintr=0.1;all:delay=1us@0.05;seed=42', '--', tap.PYTHON, '-c',
                PROCESSES_AND_THREADS)
        recordings.add(pathlib.Path('decisions').read_text())
    assert same('in', 'out.child', 'out.main', 'out.a', 'out.b')
    assert len(recordings) == 1, f'{len(recordings)} different recordings'
    who = set(re.findall(r'^(\S+ \d+) splice', recordings.pop(), re.M))
    assert who == {'python3 0', 'python3 1', 'python3 2', 'python3/1 0'}, who


def repeats(specification):
    recorded, _ = copy(SPLICE, '--inject', specification, '--record=first')
    for setting in SETTINGS:
        replayed, err = tap.run('run', *setting, '--replay=first', '--record=second', '--',
                                tap.PYTHON, '-c', SPLICE)
        assert replayed == recorded and not err, err
        assert same('first', 'second')


@tap.test
def a_replay_repeats_what_was_recorded():
    repeats('splice:short=0.5;seed=3')


@tap.test
def a_replay_makes_pipes_as_small():
    repeats('splice:short=0.5;pipes:capacity=16k;seed=3')


@tap.test
def a_replay_tells_what_it_did_not_reach():
    pathlib.Path('file').write_text('# why\npython3 0 splice 2 errno=EIO\nnobody 0 tee 1 zero\n')
    _, err = copy(SPLICE, '--replay=file', status=1)
    assert 'Input/output error' in err, err
    assert "1 of 2 decisions were not reached; the first is 'nobody 0 tee 1 zero'" in err, err


@tap.test
def starts_of_one_program_are_told_apart():
    make('in', 1000)
    sample = SAMPLES / 'sample_careful'
    pathlib.Path('file').write_text('sample_careful#2 0 splice 1 limit=7\n')
    _, err = tap.run('run', '--replay=file', '--record=again', '--', 'bash', '-c',
                     f'{sample} in out1 && {sample} in out2')
    assert not err, err
    lines = pathlib.Path('again').read_text().splitlines()
    assert lines[-1] == 'sample_careful#2 0 splice 1 limit=7', lines


@tap.test
def decisions_survive_a_kill():
    program = SPLICE.replace("print('out', n)", 'os.kill(os.getpid(), 9)')
    copy(program, '--inject=splice:limit=77', '--record=decisions', status=-9)
    lines = pathlib.Path('decisions').read_text().splitlines()
    assert lines[-1] == 'python3 0 splice 1 limit=77', lines


SMALL_PIPES = """
import fcntl, os
ends = os.pipe()
assert fcntl.fcntl(ends[0], fcntl.F_GETPIPE_SZ) == 8192
try:
    fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, 65536)
except PermissionError:
    pass
else:
    raise SystemExit('the pipe has grown')
"""


@tap.test
def pipes_of_a_user_who_has_too_many():
    for setting in SETTINGS:
        tap.run('run', *setting, '--inject', 'pipes:capacity=8k', '--', tap.PYTHON, '-c',
                SMALL_PIPES)


@tap.test
def a_wrong_specification_starts_nothing():
    _, err = tap.run('run', '--inject', 'splice:short;tee:shrt', '--', 'touch', 'x', status=125)
    assert '  splice:short;tee:shrt\n                   ^^^^\n' in err, err
    # In a child that gets it by the environment, too.
    out, err = tap.run('run', '--', 'bash', '-c', 'ANYSPLICE_INJECT=tee:shrt touch x; echo $?')
    assert out == '125\n' and '  tee:shrt\n      ^^^^\n' in err, err
    assert not pathlib.Path('x').exists()


@tap.test
def files_that_cannot_be_used_start_nothing():
    pathlib.Path('bad').write_text('pv 0 splice\n')
    for options, word in ((['--replay=missing'], 'missing'), (['--replay=bad'], 'line 1'),
                          (['--record=x'], 'needs --inject'),
                          (['--inject=all:short', '--record=/nonexistent/x'], 'cannot write')):
        _, err = tap.run('run', *options, '--', 'touch', 'x', status=125)
        assert word in err and not pathlib.Path('x').exists(), err


tap.main()
