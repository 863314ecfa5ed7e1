"""What each call answers for each pair of kinds of ends: a line for each, to be compared."""

import ctypes
import errno
import fcntl
import os
import pty
import signal
import socket
import tempfile

LIBC = ctypes.CDLL(None, use_errno=True)
NONBLOCK = 2  # SPLICE_F_NONBLOCK
F_SETPIPE_SZ, F_GETPIPE_SZ = 1031, 1032
DATA = b'hell\n'
LENGTH = ctypes.c_size_t(len(DATA))


def name_of(error):
    return 'EOPNOTSUPP' if error == errno.EOPNOTSUPP else errno.errorcode[error]


def call(name, *args):
    """The bytes moved, or the name of the error."""
    function = getattr(LIBC, name)
    function.restype = ctypes.c_ssize_t
    moved = function(*args)
    return moved if moved >= 0 else name_of(ctypes.get_errno())


def new_file():
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def connection():
    with socket.create_server(('127.0.0.1', 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client.detach(), server.accept()[0].detach()


def source(kind):
    """A descriptor that has the data. What else it needs stays open until the process ends."""
    if kind == 'file':
        fd = new_file()
        os.pwrite(fd, DATA, 0)
        return fd
    if kind == 'proc':
        return os.open('/proc/self/maps', os.O_RDONLY)
    if kind == 'device':
        return os.open('/dev/zero', os.O_RDONLY)
    fd, other = {'pipe': os.pipe, 'socket': lambda: [s.detach() for s in socket.socketpair()],
                 'tcp': connection, 'tty': lambda: reversed(pty.openpty())}[kind]()
    os.write(other, DATA)
    return fd


def target(kind):
    if kind == 'file':
        return new_file()
    if kind == 'device':
        return os.open('/dev/null', os.O_WRONLY)
    other, fd = {'pipe': os.pipe, 'socket': lambda: [s.detach() for s in socket.socketpair()],
                 'tcp': connection, 'tty': pty.openpty}[kind]()
    return fd


CALLS = {
    'splice': lambda a, b: call('splice', a, None, b, None, LENGTH, NONBLOCK),
    'tee': lambda a, b: call('tee', a, b, LENGTH, NONBLOCK),
    'sendfile': lambda a, b: call('sendfile', b, a, None, LENGTH),
}


def possible(name, kind, to):
    if name == 'splice':
        return 'pipe' in (kind, to)
    return name == 'sendfile' or (kind, to) == ('pipe', 'pipe')


def attempt(name, kind, to):
    """In a process of its own, for a call that hangs or a descriptor that stays."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(5)
        answer = CALLS[name](source(kind), target(to))
        os.write(write_end, str(answer).encode())
        os._exit(0)
    os.close(write_end)
    _, status = os.waitpid(child, 0)
    answer = os.read(read_end, 100).decode()
    os.close(read_end)
    assert status in (0, signal.SIGALRM), f'{name} {kind}->{to}: status {status}'
    return answer or 'hangs'


class Segment(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]


def vmsplice(fd):
    buffer = ctypes.create_string_buffer(DATA, len(DATA))
    segment = Segment(ctypes.addressof(buffer), len(DATA))
    return call('vmsplice', fd, ctypes.byref(segment), ctypes.c_size_t(1), NONBLOCK)


def size(fd, *how):
    try:
        return fcntl.fcntl(fd, *how)
    except OSError as error:
        return name_of(error.errno)


for name in CALLS:
    for kind in ('pipe', 'file', 'socket', 'tcp', 'tty', 'proc', 'device'):
        for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device'):
            if possible(name, kind, to):
                print(f'{name} {kind}->{to} {attempt(name, kind, to)}', flush=True)
print('vmsplice memory->pipe', vmsplice(target('pipe')))
print('vmsplice pipe->memory', vmsplice(source('pipe')))
read_end, write_end = os.pipe()
print('F_GETPIPE_SZ', size(read_end, F_GETPIPE_SZ))
print('F_SETPIPE_SZ', size(read_end, F_SETPIPE_SZ, 131072))
