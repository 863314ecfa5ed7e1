"""copy_file_range: the kernel's, what it is refused with and programs survive, and our own."""

import errno
import filecmp
import json
import os
import pathlib
import shutil
import subprocess

import tap
import under_test

FOUND = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'found'
SIZE = 300_000
BLOCKED = ['--block=EPERM', '--block-calls=copy_file_range']

COPY = """
import os, sys
source, target = open('in', 'rb'), open('out', 'wb')
try:
    while moved := os.copy_file_range(source.fileno(), target.fileno(), 100_000):
        print(moved, end=' ')
except OSError as error:
    print(-error.errno, end=' ')
"""
WHOLE = ['100000'] * 3


def make():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    pathlib.Path('out').unlink(missing_ok=True)


def copy(*options):
    make()
    out, _ = tap.run('run', *options, '--', tap.PYTHON, '-c', COPY)
    return out.split()


def same():
    return filecmp.cmp('in', 'out', shallow=False)


def counters(*options):
    out = copy(*options, '--stats=stats')
    lines = (line.split() for line in pathlib.Path('stats').read_text().splitlines())
    return out, {key: int(value) for key, value in lines}


def works(*command, blocked=True, helped=True):
    """Whether a program copies `in` to `out`, as its status and the file tell."""
    make()
    options = (BLOCKED if blocked else []) + ([] if helped else ['--no-preload'])
    done = subprocess.run([tap.ANYSPLICE, 'run', *options, '--', *command], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=tap.SECONDS)
    return done.returncode == 0 and pathlib.Path('out').exists() and same()


def needs(program):
    path = shutil.which(program)
    if path is None:
        raise tap.Skip(f'there is no {program}')
    return path


@tap.test
def the_kernel_answers():
    for mode in ('auto', 'emulate', 'native') if under_test.NATIVE else ():
        out, counted = counters(f'--mode={mode}')
        assert out == WHOLE and same(), out
        assert counted['copy_file_range.native_bytes'] == SIZE, counted
        assert counted['copy_file_range.engine_calls'] == 0, counted


@tap.test
def refusals_become_what_programs_survive():
    if not under_test.NATIVE:
        return
    for error in ('EPERM', 'EACCES', 'EOPNOTSUPP'):
        blocked = [f'--block={error}', '--block-calls=copy_file_range']
        assert copy(*blocked) == [f'-{errno.EXDEV}'], error
        # Whoever asks for the kernel's answer gets it, and so does who is not helped.
        raw = [str(-getattr(errno, error))]
        assert copy(*blocked, '--mode=native') == raw
        assert copy(*blocked, '--no-preload') == raw
    for error in ('ENOSYS', 'EIO', 'EINVAL'):
        blocked = [f'--block={error}', '--block-calls=copy_file_range', '--no-preload']
        assert copy(*blocked) == [str(-getattr(errno, error))]
    assert copy('--mode=absent') == [f'-{errno.ENOSYS}']


@tap.test
def the_engine_copies_if_asked_to():
    for blocked in ([], BLOCKED) if under_test.NATIVE else ([],):
        out, counted = counters('--copy-file-range=emulate', *blocked)
        assert out == WHOLE and same(), out
        assert counted['copy_file_range.engine_bytes'] == SIZE, counted
        assert counted['copy_file_range.native_calls'] == 0, counted
    _, err = tap.run('run', '--copy-file-range=yes', '--', 'true', status=125)
    assert 'emulate' in err, err


@tap.test
def it_can_be_injected_and_traced():
    copying = [] if under_test.NATIVE else ['--copy-file-range=emulate']
    source = 'file:in' if under_test.NATIVE else 'file'  # the other engine knows no paths
    assert copy(*copying, f'--inject=copy_file_range({source}->):errno=EIO@2') == [
        '100000', str(-errno.EIO)]
    assert copy(*copying, '--inject=copy_file_range:limit=1000@1')[0] == '1000' and same()
    assert copy('--as=linux-2.6.16') == [str(-errno.ENOSYS)]
    make()
    _, err = tap.run('trace', *copying, '--', tap.PYTHON, '-c', COPY)
    lines = [line for line in err.splitlines() if 'copy_file_range(' in line]
    assert len(lines) == 4 and '= 100000' in lines[0] and '/in>, NULL, ' in lines[0], err
    assert '/out>, NULL, 100000, 0)' in lines[0], err
    _, err = tap.run('run', '--inject=copy_file_range(pipe->file):short', '--', 'true', status=125)
    assert 'ends' in err, err


@tap.test
def explore_makes_it_fail():
    if not under_test.NATIVE:
        return
    make()
    out, _ = tap.run('explore', '--json', '--output=out', '--max-runs=40', '--', tap.PYTHON, '-c',
                     COPY.replace("print(-error.errno, end=' ')", 'raise'), status=1)
    assert json.loads(out)['findings'] and 'copy_file_range:errno=EINVAL@' in out, out


@tap.test
def doctor_and_top_show_it():
    report = json.loads(tap.run('doctor', '--json')[0])
    call = report['calls']['copy_file_range']
    assert call == {'kernel': 'ok', 'anysplice': 'kernel'} or not under_test.NATIVE, call
    _, err = tap.run('top', '--count=1', '--', 'true')
    lines = err.splitlines()
    assert any(line.startswith('copy_file_range ') for line in lines), err
    assert max(map(len, lines)) <= 80, err


@tap.test
def static_programs():
    if not under_test.NATIVE:
        return
    copies = tap.PROGRAMS / 'range_copies'
    for options, want, status in ((BLOCKED, f'error {errno.EXDEV} after 0', 1),
                                  ([*BLOCKED, '--copy-file-range=emulate'], str(SIZE), 0),
                                  (['--inject=copy_file_range:errno=EIO@3'],
                                   f'error {errno.EIO} after 131072', 1)):
        make()
        out, err = tap.run('run', '--quiet', *options, '--', copies, 'in', 'out', status=status)
        assert out.strip() == want, (options, out, err)


@tap.test
def one_call_as_the_program_made_it():
    """Where nothing was asked for, no other system call is made for it."""
    strace = needs('strace')
    if not under_test.NATIVE:
        return
    make()
    program = ("import os; a, b = open('in', 'rb'), open('out', 'wb'); os.getppid(); "
               'os.copy_file_range(a.fileno(), b.fileno(), 9); os.getppid()')
    subprocess.run([strace, '-f', '-o', 'calls', tap.ANYSPLICE, 'run', '--', tap.PYTHON, '-c',
                    program], check=True, timeout=tap.SECONDS)
    calls = [line.split(maxsplit=1)[1].split('(')[0]
             for line in pathlib.Path('calls').read_text().splitlines()]
    first = len(calls) - calls[::-1].index('copy_file_range') - 1
    assert calls[first - 1:first + 2] == ['getppid', 'copy_file_range', 'getppid'], calls[-30:]


@tap.test
def cp_copies_in_any_case():
    """It takes EPERM for what it mostly is, a filter."""
    assert works('cp', 'in', 'out')


@tap.test
def node_needs_help():
    node = needs('node')
    command = (node, '-e', "require('fs').copyFileSync('in', 'out')")
    assert works(*command, blocked=False)
    assert not works(*command, helped=False) or not under_test.NATIVE
    assert works(*command)


@tap.test
def cp_of_rust_coreutils_copies_in_any_case():
    """As Rust's std::fs::copy, which it is."""
    assert works(needs('coreutils'), 'cp', 'in', 'out', helped=False)
    assert works('coreutils', 'cp', 'in', 'out')


@tap.test
def libuv_needs_help():
    lua = needs('lua5.3')
    if subprocess.run([lua, '-e', 'require "luv"'], capture_output=True).returncode != 0:
        raise tap.Skip('there is no luv')
    command = (lua, '-e', 'assert(require("luv").fs_copyfile("in", "out"))')
    assert works(*command, blocked=False)
    assert not works(*command, helped=False) or not under_test.NATIVE
    assert works(*command)


@tap.test
def the_jdk_needs_help_if_it_makes_the_call():
    """JDK 25 does, JDK 17 does not."""
    compilers = pathlib.Path('/usr/lib/jvm').glob('*/bin/javac')
    jdks = sorted({compiler.resolve().parents[1] for compiler in compilers})
    if not jdks or not under_test.NATIVE:
        raise tap.Skip('there is no JDK')
    for number, jdk in enumerate(jdks):
        folder = pathlib.Path(f'jdk.{number}').absolute()
        folder.mkdir()
        os.chdir(folder)
        os.environ['JAVA_HOME'] = str(jdk)
        for how in ([], ['transfer']):
            command = (FOUND / 'java.sh', *how)
            assert works(*command, blocked=False), (jdk, how)
            _, err = tap.run('trace', '-f', '--', *command)
            assert works(*command, helped=False) != ('copy_file_range(' in err), (jdk, how, err)
            assert works(*command), (jdk, how)


@tap.test
def systemd_sysusers_needs_help():
    """It copies /etc/group before it changes it."""
    sysusers = needs('systemd-sysusers')
    for helped in (False, True):
        etc = pathlib.Path(f'root.{helped}', 'etc')
        etc.mkdir(parents=True)
        (etc / 'passwd').write_text('root:x:0:0::/root:/bin/sh\n')
        (etc / 'group').write_text('root:x:0:\n')
        pathlib.Path('users.conf').write_text('u hello - "x"\n')
        done = subprocess.run(
            [tap.ANYSPLICE, 'run', *BLOCKED, *([] if helped else ['--no-preload']), '--', sysusers,
             f'--root={etc.parent.absolute()}', pathlib.Path('users.conf').absolute()],
            capture_output=True, timeout=tap.SECONDS)
        assert (done.returncode == 0) == helped, (helped, done.stderr)
        assert (etc / 'group-').exists() == helped


tap.main()
