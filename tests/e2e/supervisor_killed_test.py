"""Supervised programs and their supervisor, killed at any moment: nothing hangs, nothing is left, and
no byte is lost but what a call was moving when its supervisor was killed.

E2E_ROUNDS says how often, E2E_SEED with which chances."""

import contextlib
import ctypes
import os
import pathlib
import random
import select
import signal
import subprocess
import tempfile
import threading
import time

import tap

CROWD = tap.PROGRAMS / 'crowd'
RELAY = tap.PROGRAMS / 'relay'
WAITING = tap.PROGRAMS / 'waiting'
ROUNDS = int(os.environ.get('E2E_ROUNDS', 80))
SEED = int(os.environ.get('E2E_SEED', random.randrange(1 << 30)))
ONE_CALL = 65536
SECONDS = 30
# What is killed leaves its files.
KEPT = tempfile.TemporaryDirectory(prefix='anysplice-killed.')
os.environ['TMPDIR'] = KEPT.name

# What loses its parent becomes ours.
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Stream:
    """A pipe into the program and one out of it, with as much on the way as they take. What is left
    in the first one is kept."""

    def __init__(self):
        self.from_us, self.feed = os.pipe()
        self.drain, self.to_us = os.pipe()
        os.set_blocking(self.feed, False)
        self.sent = bytearray()
        self.came = bytearray()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.send), threading.Thread(target=self.receive)]

    def begin(self):
        os.close(self.to_us)
        for thread in self.threads:
            thread.start()

    def send(self):
        while not self.over.is_set():
            if not select.select([], [self.feed], [], 0.01)[1]:
                continue
            piece = os.urandom(random.choice((1, 1000, 4096, 40000)))
            with contextlib.suppress(BlockingIOError):
                self.sent += piece[:os.write(self.feed, piece)]

    def receive(self):
        while piece := os.read(self.drain, 50000):
            self.came += piece

    def end(self):
        """The bytes that are nowhere."""
        self.over.set()
        for thread in self.threads:
            thread.join(SECONDS)
            assert not thread.is_alive(), 'somebody has the pipe still'
        os.close(self.feed)
        left = b''
        while piece := os.read(self.from_us, 1 << 20):
            left += piece
        os.close(self.from_us)
        os.close(self.drain)
        assert self.sent.startswith(self.came), 'what came is not what was sent'
        assert self.sent.endswith(left), 'what is left is not what was sent'
        return len(self.sent) - len(self.came) - len(left)


def tasks(pid):
    return [int(entry) for entry in os.listdir(f'/proc/{pid}/task')]


def children(pid):
    words = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    return [int(word) for word in words]


def kill(process, victim, chance):
    """True if it was done."""
    with contextlib.suppress(OSError, IndexError):
        if victim == 'supervisor':
            os.kill(process.pid, signal.SIGKILL)
            return True
        program = children(process.pid)[0]
        if victim == 'thread':  # one of many, perhaps not the first, and perhaps one that ends
            libc = ctypes.CDLL(None)
            return libc.tgkill(program, chance.choice(tasks(program)), signal.SIGKILL) == 0
        os.kill(program, signal.SIGKILL)
        return True
    return False


def reap():
    """Waits until all have ended that were started in a round, by us or by others."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                assert time.monotonic() < deadline, f'left: {describe_children()}'
                time.sleep(0.002)
        except ChildProcessError:
            return


def describe_children():
    said = []
    for pid in children(os.getpid()):
        with contextlib.suppress(OSError):
            status = pathlib.Path(f'/proc/{pid}/status').read_text().splitlines()
            said.append(f'{pid} {status[0]} {status[2]}')
    return said


def end_all():
    for pid in children(os.getpid()):
        os.kill(pid, signal.SIGKILL)


def one_round(words, victim, chance):
    stream = Stream() if words[-1] == 'moves' else None
    process = subprocess.Popen([tap.ANYSPLICE, 'run', '--block', '--quiet', '--stats=stats', '--',
                                *words],
                               stdin=stream.from_us if stream else subprocess.DEVNULL,
                               stdout=stream.to_us if stream else subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    if stream:
        stream.begin()
        # At the start, or in the middle of it.
        while chance.random() < 0.98 and not stream.came and process.poll() is None:
            time.sleep(0.001)
    time.sleep(chance.random() * 0.1)
    deadline = time.monotonic() + SECONDS
    try:
        # (What it tries out before the program is there has to die, too.)
        while process.poll() is None and time.monotonic() < deadline:
            kill(process, victim, chance)
            time.sleep(0.001)
        process.wait(1)
        reap()
        lost = stream.end() if stream else 0
    finally:
        end_all()
    return lost


@tap.test
def killed_at_any_moment():
    print(f'# E2E_SEED={SEED}')
    chance = random.Random(SEED)
    pathlib.Path('in').write_bytes(os.urandom(1000000))
    programs = ([CROWD, 'moves'], [CROWD, 'moves'], [RELAY, 'in', 'out'], [WAITING, 'others'])
    most = {'supervisor': 0, 'program': 0, 'thread': 0}
    for number in range(ROUNDS):
        victim = chance.choice(list(most))
        words = programs[number % len(programs)]
        try:
            lost = one_round(words, victim, chance)
            assert 0 <= lost <= (ONE_CALL if victim == 'supervisor' else 0), f'{lost} bytes are lost'
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            raise AssertionError(f'round {number}, {victim} of {words}: {problem}') from problem
        most[victim] = max(most[victim], lost)
    print(f'# {ROUNDS} rounds; bytes lost at most: {most}')


tap.main()
