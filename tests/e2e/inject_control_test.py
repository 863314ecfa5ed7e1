"""`anysplice inject`: rules that change while a program runs."""

import contextlib
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time
import unittest.mock

import tap
import under_test

# At each line of its input: makes two splices of 1000 bytes and says what came of them.
STEPS = """
import os, sys
print(os.getpid(), flush=True)
source, target = open('in', 'rb'), open('out', 'wb')
def step():
    for fd in source.fileno(), os.open('/etc/passwd', os.O_RDONLY):
        ends = os.pipe()
        try:
            print(os.splice(fd, ends[1], 500, offset_src=0), end=' ')
        except OSError as error:
            print(-error.errno, end=' ')
        for end in ends:
            os.close(end)
    print(flush=True)
for line in sys.stdin:
    if line == 'setuid\\n':
        os.setuid(65534)
        print(flush=True)
    elif line == 'child\\n':
        child = os.fork()
        if not child:
            step()
            os._exit(0)
        os.waitpid(child, 0)
    else:
        step()
"""


class Program:
    def __init__(self, *options):
        pathlib.Path('in').write_bytes(bytes(2000))
        self.process = subprocess.Popen(
            [tap.ANYSPLICE, 'run', *options, '--', tap.PYTHON, '-c', STEPS], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = int(self.process.stdout.readline())

    def step(self, how='step'):
        self.process.stdin.write(f'{how}\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().split()


@contextlib.contextmanager
def program(*options):
    one = Program(*options)
    try:
        yield one
    finally:
        one.process.stdin.close()
        assert one.process.wait(30) == 0


def inject(pid, *options, status=0):
    return tap.run('inject', pid, *options, status=status)


@tap.test
def rules_are_switched_on_and_off():
    modes = ['emulate', 'auto'] + (['native'] if under_test.NATIVE else [])
    for mode in modes:
        with program('--control', f'--mode={mode}', '--inject=splice:limit=300') as one:
            assert one.step() == ['300', '300']
            out, _ = inject(one.pid, '--list', '--clear')
            assert out == 'splice:limit=300\n', out
            assert one.step() == ['500', '500']
            inject(one.pid, '--add=splice:errno=EIO@2')
            assert one.step() == ['500', '-5'] and one.step() == ['500', '500']
            # All begin anew with each change; a child has them too, and so has the command.
            inject(one.process.pid, '--add', 'splice:limit=7;splice:limit=8@1')
            assert one.step('child') == ['7', '-5'] and one.step() == ['7', '-5']
            out, _ = inject(one.pid, '--clear', '--add=as=linux-2.6.16', '--list')
            assert out == 'as=linux-2.6.16\n', out
            assert one.step() == ['-38', '-38']
            inject(one.pid, '--clear')
            assert one.step() == ['500', '500'] and inject(one.pid, '--list')[0] == ''


@tap.test
def rules_that_name_files():
    if not under_test.NATIVE:
        return
    with program('--control') as one:
        inject(one.pid, '--add=splice(file:passwd->):errno=EINVAL')
        assert one.step() == ['500', '-22'] and one.step() == ['500', '-22']


@tap.test
def static_programs():
    """Waiting for two seconds, between two relays: rules that come meanwhile."""
    if not under_test.NATIVE:
        return
    relay = tap.PROGRAMS / 'relay'
    pathlib.Path('in').write_bytes(os.urandom(100000))
    shell = shutil.which('busybox')
    if shell is None:
        raise tap.Skip('there is no busybox')
    process = subprocess.Popen(
        [tap.ANYSPLICE, 'run', '--quiet', '--control', '--supervise', '--block', '--', shell, 'sh',
         '-c', f'{relay} in out; echo $?; read x; {relay} in out; echo $?'], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline() + process.stdout.readline() == 'splices\n0\n'
        inject(process.pid, '--add=splice(->file:out):errno=EIO@2')
        out, _ = process.communicate('x\n', 30)
        assert out == 'splices\n1\n', out
    finally:
        process.kill()
        process.wait()


@tap.test
def what_cannot_be():
    sleeper = subprocess.Popen([tap.ANYSPLICE, 'run', '--', 'sleep', '60'])
    try:
        for pid, options, word in ((1 << 22, ['--list'], 'no process'),
                                   (sleeper.pid, ['--list'], '--control'),
                                   ('x', ['--list'], 'process number'), (1, [], '--add'),
                                   ('1', ['--list', '2'], 'process number'), (1, ['--remove'], '--remove')):
            _, err = inject(pid, *options, status=125)
            assert word in err, (pid, options, err)
    finally:
        sleeper.kill()
        sleeper.wait()
    with program('--control') as one:
        for spec, word in (('splice:shrt', '^^^^'), ('', 'nothing'), ('pipes:copy', 'started'),
                           (';'.join(['splice(file:%s->pipe):short' % ('x' * 120)] * 33), '32'),
                           (';'.join(['splice:short'] * 65), '64')):
            _, err = inject(one.pid, '--add', spec, status=125)
            assert word in err, err
        assert inject(one.pid, '--list')[0] == '' and one.step() == ['500', '500']
    for options in (['--record=x', '--inject=all:short'], ['--no-preload']):
        _, err = tap.run('run', '--control', *options, '--', 'true', status=125)
        assert '--control' in err, err
    tap.run('run', '--control', '--inject=pipes:copy', '--', 'true', status=125)


@tap.test
def who_gives_up_rights_is_told_nothing_more():
    if os.getuid() != 0:
        raise tap.Skip('needs rights to give up')
    with program('--control', '--inject=splice:limit=300') as one:
        assert one.step() == ['300', '300']
        one.step('setuid')
        inject(one.process.pid, '--clear')
        assert one.step() == ['300', '300']


@tap.test
def calls_that_handlers_left_keep_nothing():
    one = subprocess.Popen([tap.ANYSPLICE, 'run', '--control', '--mode=emulate', '--',
                            tap.PROGRAMS / 'leaves', '15'], stdout=subprocess.PIPE, text=True)
    try:
        for error in 'EIO', 'ENOSPC', 'ENOMEM', 'EPIPE', 'EAGAIN':
            while True:
                try:
                    inject(one.pid, '--clear', f'--add=unsafe:splice:errno={error}')
                    break
                except AssertionError:
                    assert error == 'EIO' and one.poll() is None  # it has not begun
                    time.sleep(0.1)
            for line in one.stdout:
                if line.strip() == error:
                    break
            else:
                raise AssertionError(f'never {error}')
    finally:
        one.terminate()
        one.wait()


@tap.test
def not_by_another_user():
    """What a process shows as its files is its own choice: root is led to them by nobody."""
    if os.getuid() != 0:
        raise tap.Skip('needs another user')
    other = subprocess.Popen(['sleep', '60'], user=65534)
    try:
        for command in (['inject', other.pid, '--list'], ['top', '--count=1', f'--pid={other.pid}']):
            _, err = tap.run(*command, status=125)
            assert 'is that of user 65534' in err, err
    finally:
        other.kill()
        other.wait()


@tap.test
def only_a_file_made_for_it():
    """Where the environment names another one, there are no rules."""
    magic, size = 0x4370736e79616e01, 8192
    text = b'splice:errno=EIO'
    good = struct.pack('<QQ', magic, 2) + text.ljust(size - 16, b'\0')
    cases = {'good': good, 'magic': struct.pack('<Q', magic + 1) + good[8:],
             'writing': good[:8] + struct.pack('<Q', 3) + good[16:], 'short': good[:-1],
             'mad': good[:16] + os.urandom(size - 16), 'full': good[:16] + b's' * (size - 16)}
    for name, content in cases.items():
        pathlib.Path(name).write_bytes(content)
    os.symlink('good', 'link')
    names = [*cases, 'link', 'none']
    if os.getuid() == 0:
        pathlib.Path('others').write_bytes(good)
        os.chown('others', 65534, -1)
        names.append('others')
    once = STEPS.split('for line in sys.stdin')[0] + '\nstep()\n'
    pathlib.Path('in').write_bytes(bytes(2000))
    for name in names:
        out, _ = tap.run('run', '--', 'env', f'ANYSPLICE_CONTROL={name}', tap.PYTHON, '-c', once)
        want = '-5 -5' if name == 'good' else '500 500'
        assert out.splitlines()[1].strip() == want, (name, out)


@tap.test
def nothing_is_left_behind():
    os.mkdir('temporary')
    with unittest.mock.patch.dict(os.environ, TMPDIR=os.path.abspath('temporary')):
        with program('--control') as one:
            inject(one.pid, '--add=splice:short')
            assert any('rules' in name for name in os.listdir('temporary'))
            os.kill(one.process.pid, signal.SIGCONT)
    assert os.listdir('temporary') == []


tap.main()
