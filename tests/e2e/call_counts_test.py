"""How many system calls a call that the engine carries makes (docs/performance.md), by strace: no more
than these, each of which is named with what it is for."""

import re

import tap

# Between two calls of getppid lies what is counted. All descriptors are made by this program, but
# for 3 and 4: a pipe that was inherited, which is no ring.
PROGRAM = """
import os, socket, sys
def counted(call, *arguments):
    os.getppid()
    n = call(*arguments)
    os.getppid()
    assert n == 1000, n
file, out = os.open('in', os.O_RDONLY), os.open('out', os.O_RDWR | os.O_CREAT)
one, other = socket.socketpair()
r, w = os.pipe()
os.splice(file, w, 1000); os.splice(r, out, 1000)  # what is learnt once
for step in range(2):
    fresh = os.open('in', os.O_RDONLY)
    counted(os.sendfile, one.fileno(), fresh, 0, 1000)
    counted(os.splice, other.fileno(), 4, 1000)
    counted(os.splice, 3, out, 1000)
    counted(os.splice, file, 4, 1000)
    counted(os.splice, 3, one.fileno(), 1000)
    other.recv(1000)
    counted(os.splice, file, w, 1000)
    counted(os.splice, r, out, 1000)
    counted(os.splice, file, w, 1000)
    counted(os.splice, r, one.fileno(), 1000)
    counted(os.splice, other.fileno(), w, 1000)
    os.read(r, 1000)
"""

PARENT = """
import os, sys
for end, number in zip([os.dup(end) for end in os.pipe()], (3, 4)):
    os.dup2(end, number)
os.execvp(sys.argv[1], sys.argv[1:])
"""

ENDS = 2  # which descriptor this is: fcntl(F_GETFL), fstat
SIGNALS = 2  # rt_sigprocmask, twice: bytes of a shared pipe are in nobody's hands meanwhile
POSITION = 2  # lseek, twice: they are there still if the pipe does not take them
ROOM = 2  # ioctl(FIONREAD), fcntl(F_GETPIPE_SZ): how much the pipe takes
# What each makes, a read and a write among them, in the order of the program.
MOST = [
    ('sendfile, file just opened -> socket', ENDS + 2),
    # and: is there room (poll), how much (FIONREAD), is more waited for (SO_RCVLOWAT)
    ('splice, socket -> shared pipe', ENDS + SIGNALS + ROOM + 2 + 3),
    ('splice, shared pipe -> file', ENDS + SIGNALS + 2 + 1),  # and: O_NONBLOCK
    ('splice, file -> shared pipe', ENDS + SIGNALS + ROOM + POSITION + 2),
    ('splice, shared pipe -> socket', ENDS + SIGNALS + 2 + 1),
    ('splice, file -> ring', 2),  # and: is there a position
    ('splice, ring -> file', 1),
    ('splice, file -> ring', 2),
    ('splice, ring -> socket', 1),
    ('splice, socket -> ring', 2),  # and: SO_RCVLOWAT
]


def calls():
    """The names of the system calls of each step."""
    with open('program.py', 'w', encoding='utf-8') as program:
        program.write(PROGRAM)
    with open('in', 'wb') as file:
        file.write(bytes(100000))
    tap.run('run', '--mode=emulate', '--', tap.PYTHON, '-c', PARENT, 'strace', '-o', 'calls',
            tap.PYTHON, 'program.py')
    with open('calls', encoding='utf-8') as text:
        steps = re.split(r'^getppid\(.*\n', text.read(), flags=re.M)[1::2]
    return [re.findall(r'^(\w+)\(', step, re.M) for step in steps]


@tap.test
def no_more_than_these():
    found = calls()
    assert len(found) == 2 * len(MOST), found
    # The first time there are things to be learnt.
    for (what, most), made in zip(MOST, found[len(MOST):]):
        assert len(made) <= most, f'{what}: {len(made)} instead of {most}: {made}'


tap.main()
