"""`anysplice run --as=SYSTEM`: what each system does otherwise; gVisor itself is asked, too."""

import contextlib
import functools
import os
import pathlib
import subprocess

import gvisor
import tap

ENDS = pathlib.Path(__file__).parent / 'programs' / 'ends.py'

# What must be answered so, of a table in which everything else is answered as without --as.
# sendfile has no source that a socket or a terminal could be before 5.12.
NO_STREAMS = {f'sendfile {kind}->{to} EINVAL' for kind in ('socket', 'tcp', 'tty')
              for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')}
SOCKETS_ONLY = NO_STREAMS | {
    f'sendfile {kind}->{to} EINVAL' for kind in ('file', 'proc', 'device')
    for to in ('pipe', 'file', 'tty', 'device')}
NO_SIZES = {'F_GETPIPE_SZ EINVAL', 'F_SETPIPE_SZ EINVAL'}
NO_PROC = {'splice proc->pipe EINVAL'} | {
    f'sendfile proc->{to} EINVAL' for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')}
SYSTEMS = {
    'linux-2.6.17': {'splice pipe->pipe EINVAL'} | SOCKETS_ONLY | NO_SIZES,
    'linux-2.6.31': SOCKETS_ONLY | NO_SIZES,
    'linux-4.9': NO_STREAMS,
    'linux-5.10': NO_STREAMS | NO_PROC | {'splice tty->pipe EINVAL', 'splice pipe->tty EINVAL'} | {
        f'sendfile {kind}->tty EINVAL' for kind in ('file', 'device')},
    'linux-5.12': NO_PROC,
    'linux-next-2026': {'vmsplice memory->pipe EOPNOTSUPP'},
    'linux-copy': set(),
    'zfs-2.0': {'splice file->pipe EINVAL'} | {
        f'sendfile file->{to} EINVAL'
        for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')},
    'podman-3.0': {'vmsplice memory->pipe EPERM', 'vmsplice pipe->memory EPERM'},
    'pipe-limit': {'F_GETPIPE_SZ 4096', 'F_SETPIPE_SZ EPERM'},
}


@functools.cache
def table(*options, starter=()):
    out, _ = tap.run('run', *options, '--', *starter, tap.PYTHON, ENDS)
    return out.splitlines()


def calls(lines):
    return {line.rpartition(' ')[0]: line for line in lines}


def is_as(setting, name, differences, starter=()):
    """Exactly the differences, and nothing else."""
    plain, otherwise = (calls(table(*setting, *system, starter=starter))
                        for system in ([], [f'--as={name}']))
    assert plain.keys() == otherwise.keys()
    for call, line in otherwise.items():
        wanted = {difference for difference in differences if difference.startswith(f'{call} ')}
        assert line == (wanted.pop() if wanted else plain[call]), (name, line, plain[call])


def test_of(name, differences):
    def is_a_system():
        for setting in (['--mode=auto'], ['--mode=emulate', '--block']):
            is_as(setting, name, differences)

    is_a_system.__name__ = f'as {name}'
    tap.test(is_a_system)


for system, found in SYSTEMS.items():
    test_of(system, found)


@tap.test
def without_the_library():
    """A static program starts this one, which is supervised as well. The calls for which pipes have
    other sizes are its own; a system that is nothing else is refused."""
    starter = ('/bin/busybox', 'env', '-u', 'LD_PRELOAD')
    for name, differences in SYSTEMS.items():
        if name == 'pipe-limit':
            tap.run('run', f'--as={name}', '--', *starter, 'true', status=125)
            continue
        is_as(['--mode=emulate', '--block', '--quiet'], name,
              {one for one in differences if 'PIPE_SZ' not in one}, starter)


@tap.test
def before_the_calls():
    lines = table('--as=linux-2.6.16')
    assert all(line.endswith(' ENOSYS') for line in lines
               if line.startswith(('splice', 'tee', 'vmsplice'))), lines
    assert 'sendfile file->tcp 5' in lines, lines


COPIES = """
import ctypes, errno, os, threading
libc = ctypes.CDLL(None, use_errno=True)
MOVE, NONBLOCK, MORE, GIFT = 1, 2, 4, 8
class iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
def vmsplice(fd, memory, flags=0):
    one = iovec(ctypes.addressof(memory), len(memory))
    n = libc.vmsplice(fd, ctypes.byref(one), 1, flags)
    return n if n >= 0 else name_of(ctypes.get_errno())
def name_of(error):
    return 'EOPNOTSUPP' if error == errno.EOPNOTSUPP else errno.errorcode[error]
def show(*what):
    print(*what, flush=True)
memory = ctypes.create_string_buffer(b'a' * 8192, 8192)
r, w = os.pipe()
for flags in (0, NONBLOCK, GIFT, GIFT | NONBLOCK):
    ctypes.memset(memory, 97, 8192)
    moved = vmsplice(w, memory, flags)
    ctypes.memset(memory, 98, 8192)
    show('changed', moved, os.read(r, 8192) == b'a' * 8192)
with open('file', 'w+b') as file:
    file.write(b'a' * 8192)
    file.flush()
    moved = os.splice(file.fileno(), w, 8192, offset_src=0)
    os.pwrite(file.fileno(), b'b' * 8192, 0)
    show('file', moved, os.read(r, 8192) == b'a' * 8192)
os.mkfifo('fifo')
fifo = os.open('fifo', os.O_RDWR)
for flags in (NONBLOCK, GIFT | NONBLOCK, 0, GIFT):
    show('fifo', vmsplice(fifo, memory, flags))
# A write waits until all of it is in the pipe.
large = ctypes.create_string_buffer(300000)
got = []
def read():
    while sum(got) < 300000:
        got.append(len(os.read(r, 65536)))
thread = threading.Thread(target=read)
thread.start()
show('large', vmsplice(w, large))
thread.join()
show('full', vmsplice(w, large, NONBLOCK), vmsplice(w, large, NONBLOCK))
show('flags', vmsplice(w, memory, 16))
# Small pieces share buffers.
r, w = os.pipe()
small = ctypes.create_string_buffer(b'x' * 10, 10)
show('small', [vmsplice(w, small, NONBLOCK) for _ in range(20)] == [10] * 20)
os.set_blocking(w, False)
show('O_NONBLOCK', vmsplice(w, large) <= 65536, vmsplice(w, large))
"""


@tap.test
def all_is_copied_as_linux_copy():
    for setting in ([], ['--mode=emulate', '--block'], ['--mode=auto', '--rings=off', '--block'],
                    ['--vmsplice=reference']):
        with contextlib.suppress(FileNotFoundError):
            os.unlink('fifo')
        out, _ = tap.run('run', '--as=linux-copy', *setting, '--', tap.PYTHON, '-c', COPIES)
        assert out.splitlines() == [
            *['changed 8192 True'] * 4, 'file 8192 True', 'fifo EOPNOTSUPP', 'fifo EOPNOTSUPP',
            'fifo 8192', 'fifo 8192', 'large 300000', 'full 65536 EAGAIN', 'flags EINVAL',
            'small True', 'O_NONBLOCK True EAGAIN'], (setting, out)


SANDBOX, REASON = gvisor.find_sandbox()
if SANDBOX:
    @tap.test
    def as_gvisor_is_as_in_gvisor():
        inside = subprocess.run([*SANDBOX, tap.PYTHON, ENDS], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=tap.SECONDS)
        assert inside.returncode == 0, inside
        # gVisor takes all files of /proc, as does auto.
        assert table('--as=gvisor') == inside.stdout.splitlines(), inside.stdout
else:
    print(f'# gVisor does not start here, and is not asked: {" ".join(REASON.split())}')

tap.main()
