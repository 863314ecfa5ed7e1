"""Calls of supervised programs and signals: what a signal does to a call that waits, or that moves
bytes, is what it does to the kernel's own."""

import os
import random
import signal
import subprocess
import threading
import time

import tap

INTERRUPTED = tap.PROGRAMS / 'interrupted'
RUN = [tap.ANYSPLICE, 'run', '--block', '--quiet', '--']
PIECES = 100
SEED = int(os.environ.get('E2E_SEED', random.randrange(1 << 30)))


def feed(pipe, pieces):
    """Slowly, so that the program waits between."""
    chance = random.Random(SEED)
    for piece in pieces:
        pipe.write(piece)
        pipe.flush()
        time.sleep(chance.choice((0, 0.005, 0.01, 0.02, 0.07)))
    pipe.close()


def pieces():
    chance = random.Random(SEED)
    return [os.urandom(chance.choice((1, 100, 5000, 70000))) for _ in range(PIECES)]


def moved(command, data):
    """What arrives when the program moves the data, and what it says."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    feeder = threading.Thread(target=feed, args=(process.stdin, data))
    feeder.start()
    arrived = []
    try:
        while piece := os.read(process.stdout.fileno(), 30000):
            arrived.append(piece)
        feeder.join()
        assert process.wait(tap.SECONDS) == 0, process.stderr.read()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return b''.join(arrived), [int(word) for word in process.stderr.read().split()]


@tap.test
def signals_that_come_all_the_time():
    """SIGURG for the thread, as Go's runtime sends it; SIGCHLD for the process."""
    print(f'# E2E_SEED={SEED}')
    for which in ('urgent', 'children'):
        for how in ('restart', 'interrupt'):
            data = pieces()
            arrived, (handled, interrupted) = moved([*RUN, INTERRUPTED, which, how], data)
            assert arrived == b''.join(data), f'{which} {how}: {len(arrived)} bytes'
            print(f'# {which} {how}: {handled} signals, {interrupted} calls ended by them')
            assert handled > PIECES / 4, (which, how, handled)
            # With SA_RESTART no call ends so, and without it some do.
            assert (interrupted > 0) == (how == 'interrupt'), (which, how, interrupted)


def pipeline(before):
    return f'cat in | {before} {INTERRUPTED} children restart | (read -n 1 x; echo -n "$x"; cat) | ' \
           f'{before} {INTERRUPTED} children interrupt > out'


@tap.test
def in_a_pipeline_of_a_shell():
    """Two of them, each with children that end: in a static shell, which has children too, and each
    with a supervisor of its own."""
    data = b'a' + os.urandom(1000000)
    with open('in', 'wb') as file:
        file.write(data)
    for command in ([*RUN, '/bin/busybox', 'sh', '-c', pipeline('')],
                    ['/bin/bash', '-c', pipeline(' '.join(RUN))]):
        subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
                       timeout=tap.SECONDS)
        with open('out', 'rb') as file:
            assert file.read() == data, command


@tap.test
def sockets_with_a_timeout():
    """A wait that is limited ends by a signal even with SA_RESTART, and does not begin anew."""
    for how in ('quiet', 'restart'):
        native = subprocess.run([INTERRUPTED, 'timeout', how], capture_output=True, text=True,
                                timeout=tap.SECONDS, check=True).stdout
        out, _ = tap.run('run', '--block', '--quiet', '--', INTERRUPTED, 'timeout', how)
        assert out == native, (how, out, native)


tap.main()
