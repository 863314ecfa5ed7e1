"""`anysplice run --stats`: what is counted is what was done, however the program ends."""

import json
import os
import signal

import tap

EMULATE = ('--mode=emulate', '--block')

# 64 KiB from a file through a pipe of this process to a file, then whatever `how` says.
COPY = """
import os, signal
def copy():
    with open('in', 'rb') as source, open('out', 'wb') as target:
        read_end, write_end = os.pipe()
        while moved := os.splice(source.fileno(), write_end, 1 << 20):
            assert os.splice(read_end, target.fileno(), moved) == moved
        os.close(read_end)
        os.close(write_end)
with open('in', 'wb') as file:
    file.write(bytes(65536))
copy()
"""


def counted(program, *options, status=0):
    """The counters of a Python program, as JSON."""
    _, err = tap.run('run', '--stats=json', *options, '--', tap.PYTHON, '-c', program, status=status)
    return json.loads(err)


@tap.test
def who_answered():
    splice = counted(COPY, *EMULATE)['calls']['splice']
    assert splice['ring']['calls'] == 3 and splice['ring']['bytes'] == 131072, splice
    assert splice['kernel']['calls'] == splice['copy']['calls'] == 0, splice
    splice = counted(COPY, *EMULATE, '--rings=off')['calls']['splice']
    assert splice['copy']['calls'] == 3 and splice['copy']['bytes'] == 131072, splice


@tap.test
def what_the_kernel_answered():
    splice = counted(COPY, '--mode=native')['calls']['splice']
    assert splice['kernel']['calls'] == 3 and splice['kernel']['bytes'] == 131072, splice


@tap.test
def sizes_and_times():
    ring = counted(COPY, *EMULATE)['calls']['splice']['ring']
    assert ring['sizes'] == {'0': 1, '65536': 2}, ring
    assert sum(ring['ns'].values()) == 3, ring
    # Waiting counts: a tenth of a second is between 2^26 and 2^27 ns.
    slow = counted("""
import os, threading, time
r, w = os.pipe()
threading.Timer(0.1, lambda: os.write(w, b'x')).start()
with open('/dev/null', 'wb') as null:
    assert os.splice(r, null.fileno(), 1) == 1
""", *EMULATE)['calls']['splice']
    assert sum(n for ns, n in slow['copy']['ns'].items() if int(ns) >= 1 << 26) == 1, slow


@tap.test
def errors_by_name():
    calls = counted("""
import os
r, w = os.pipe()
for call in (lambda: os.splice(r, 99, 1), lambda: os.splice(r, w, 1, flags=os.SPLICE_F_NONBLOCK),
             lambda: os.sendfile(w, 98, 0, 1), lambda: os.splice(99, w, 1)):
    try:
        call()
    except OSError:
        continue
    raise SystemExit(1)
""", *EMULATE)['calls']
    assert calls['splice']['errors'] == {'EBADF': 2, 'EINVAL': 1}, calls['splice']['errors']
    assert calls['sendfile']['errors'] == {'EBADF': 1}, calls['sendfile']['errors']
    calls = counted("""
import os
try:
    os.splice(0, 1, 1)
except PermissionError:
    raise SystemExit(0)
raise SystemExit(1)
""", '--mode=absent=EPERM')['calls']
    assert calls['splice']['errors'] == {'EPERM': 1}, calls['splice']
    assert calls['splice']['kernel']['calls'] == 0, calls['splice']


@tap.test
def reasons():
    counters = counted("""
import os, select
read_end, write_end = os.pipe()
with open('in', 'wb') as file:
    file.write(bytes(100))
with open('in', 'rb') as source:
    os.splice(source.fileno(), write_end, 100)
poll = select.poll()
poll.register(write_end, select.POLLPRI)
poll.poll(1)
assert len(os.read(read_end, 200)) == 100
""", *EMULATE)
    assert counters['settled'] == {'poll': {'times': 1, 'bytes': 100}}, counters['settled']
    assert counters['settles'] == 1 and counters['settled_bytes'] == 100, counters


@tap.test
def whatever_ends_the_program():
    for how, status in (('', 0), ('os._exit(3)', 3),
                        ('os.kill(os.getpid(), signal.SIGKILL)', -signal.SIGKILL),
                        ('os.abort()', -signal.SIGABRT),
                        ("os.execv('/bin/sh', ['sh', '-c', 'exit 4'])", 4)):
        counters = counted(COPY + how, *EMULATE, status=status)
        assert counters['calls']['splice']['ring']['bytes'] == 131072, how
        assert counters['processes'] == (2 if 'exec' in how else 1), how


@tap.test
def each_process():
    counters = counted(COPY + """
for _ in range(3):
    if os.fork() == 0:
        copy()
        os._exit(0)
    assert os.wait()[1] == 0
""", *EMULATE)
    assert counters['calls']['splice']['ring']['bytes'] == 4 * 131072, counters['calls']
    processes = counters['by_process']
    assert len({process['pid'] for process in processes}) == len(processes) == 4, processes
    assert all(process['calls'] == 3 for process in processes), processes
    assert all(process['ring_bytes'] == 131072 for process in processes), processes


# More processes than there are places: the last place is everybody else's.
@tap.test
def many_processes():
    processes = counted(COPY + """
for _ in range(140):
    if os.fork() == 0:
        copy()
        os._exit(0)
    assert os.wait()[1] == 0
""", *EMULATE)['by_process']
    assert len(processes) == 128, len(processes)
    assert processes[-1]['pid'] == 0 and processes[-1]['calls'] == 3 * 14, processes[-1]
    assert sum(process['calls'] for process in processes) == 3 * 141


# The file lies in a folder that others can write to, and is gone afterwards (docs/security.md).
@tap.test
def nobody_elses_file():
    out, _ = tap.run('run', '--stats', *EMULATE, '--', tap.PYTHON, '-c', """
import os
path = os.environ['ANYSPLICE_STATS']
status = os.lstat(path)
print(path, oct(status.st_mode), status.st_uid)
""")
    path, mode, user = out.split()
    assert mode == '0o100600' and int(user) == os.geteuid(), out
    assert not os.path.lexists(path)


@tap.test
def into_a_file():
    _, err = tap.run('run', '--stats=json:counters', *EMULATE, '--', tap.PYTHON, '-c', COPY)
    assert err == '', err
    with open('counters') as file:
        assert json.load(file)['calls']['splice']['ring']['calls'] == 3
    _, err = tap.run('run', '--stats=counters', *EMULATE, '--', tap.PYTHON, '-c', COPY)
    assert err == '', err
    with open('counters') as file:
        lines = dict(line.split() for line in file)
    assert lines['splice.engine_bytes'] == lines['splice.ring_bytes'] == '131072', lines
    assert lines['splice.ring.sizes.65536'] == '2', lines
    assert os.stat('counters').st_size < 4096


tap.main()
