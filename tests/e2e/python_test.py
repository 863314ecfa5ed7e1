"""Python's os.splice, os.sendfile and what its library builds on them."""

import urllib.request

import e2e

SIZE = 16 * e2e.MIB + 12345

SPLICE = """
import os
source, target = open('in', 'rb'), open('out', 'wb')
read_end, write_end = os.pipe()
while moved := os.splice(source.fileno(), write_end, 1 << 20):
    while moved:
        moved -= os.splice(read_end, target.fileno(), moved)
"""

SPLICE_WITH_OFFSETS = """
import os
source, target = open('in', 'rb'), open('out', 'wb')
read_end, write_end = os.pipe()
end = os.stat('in').st_size
while end:  # back to front
    moved = os.splice(source.fileno(), write_end, min(end, 50000), offset_src=max(0, end - 50000))
    end -= moved
    assert os.splice(read_end, target.fileno(), moved, offset_dst=end) == moved
"""

SPLICE_AND_READ = """
import os, threading
read_end, write_end = os.pipe()
def read():
    with open(read_end, 'rb') as pipe, open('out', 'wb') as target:
        while data := pipe.read(100000):
            target.write(data)
reader = threading.Thread(target=read, daemon=True)
reader.start()
with open('in', 'rb') as source:
    while os.splice(source.fileno(), write_end, 1 << 20):
        pass
os.close(write_end)
reader.join()
"""

SENDFILE = """
import os
source, target = open('in', 'rb'), open('out', 'wb')
offset = 0
while moved := os.sendfile(target.fileno(), source.fileno(), offset, 1 << 20):
    offset += moved
"""

SOCKET_SENDFILE = """
import socket, threading
left, right = socket.socketpair()
def receive():
    with open('out', 'wb') as target:
        while data := right.recv(1 << 18):
            target.write(data)
receiver = threading.Thread(target=receive, daemon=True)
receiver.start()
with open('in', 'rb') as source:
    left.sendfile(source)
left.close()
receiver.join()
"""

COPYFILE = "import shutil; shutil.copyfile('in', 'out')"

# The parent splices into the pipe of a child that knows nothing of it.
SUBPROCESS = """
import os, subprocess
with open('out', 'wb') as target:
    child = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=target)
with open('in', 'rb') as source:
    while os.splice(source.fileno(), child.stdin.fileno(), 1 << 20):
        pass
child.stdin.close()
assert child.wait(60) == 0
"""


def copies(name, program, carries, falls_back=()):
    def copy(box):
        box.make('in', SIZE)
        box.run(e2e.PYTHON, '-c', program)
        assert box.same('in', 'out')

    copy.__name__ = f'python {name}'
    e2e.test(carries, falls_back)(copy)


BOTH = ('ENOSYS', 'EPERM')
copies('os.splice through a pipe', SPLICE, {'splice': 2 * SIZE})
copies('os.splice with offsets', SPLICE_WITH_OFFSETS, {'splice': 2 * SIZE})
copies('os.splice to a reading thread', SPLICE_AND_READ, {'splice': SIZE})
copies('os.splice to a child', SUBPROCESS, {'splice': SIZE})
copies('os.sendfile', SENDFILE, {'sendfile': SIZE})
copies('socket.sendfile', SOCKET_SENDFILE, {'sendfile': SIZE}, falls_back=BOTH)
copies('shutil.copyfile', COPYFILE, {'sendfile': SIZE}, falls_back=BOTH)


# http.server uses none of the calls; it must work all the same.
@e2e.test(falls_back=BOTH)
def python_http_server(box):
    box.make('in', SIZE)
    with box.serve(8000, e2e.PYTHON, '-m', 'http.server', '--bind', e2e.HOST, '8000'):
        with urllib.request.urlopen(f'http://{e2e.HOST}:8000/in', timeout=20) as answer:
            assert answer.read() == (box.folder / 'in').read_bytes()


e2e.main()
