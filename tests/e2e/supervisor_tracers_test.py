"""A thread of a supervised program that waits, and who traces it from outside: it stops as soon as it is
asked to, goes on waiting when it is let go of, and the program sees nothing of that."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import signal
import subprocess
import time

import tap

WAITING = tap.PROGRAMS / 'waiting'
RUN = [tap.ANYSPLICE, 'run', '--block', '--quiet', '--']
SECONDS = 20
SPLICE = {'x86_64': 275, 'aarch64': 76}[os.uname().machine]

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 17, 0x4206, 0x4207
PTRACE_EVENT_STOP = 128
WALL = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long] * 4


def ptrace(request, pid, data=0):
    assert LIBC.ptrace(request, pid, 0, data) == 0, os.strerror(ctypes.get_errno())


def until(true, what):
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def program_of(process, before):
    """The process in which the program is, once it waits in splice."""
    def find():
        pid = process.pid
        if before:
            words = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
            pid = int(words[0]) if words else 0
        with contextlib.suppress(OSError):
            return pid and pathlib.Path(f'/proc/{pid}/syscall').read_text().split()[0] == str(SPLICE) \
                and pid
    until(find, 'it does not wait')
    time.sleep(0.1)
    return find()


def stopped(pid, waited_for):
    """The stop that was asked for; signals on the way to it are passed on."""
    signals = []
    while True:
        _, status = os.waitpid(waited_for, WALL)
        assert os.WIFSTOPPED(status), status
        if status >> 16 == PTRACE_EVENT_STOP:
            return signals
        signals.append(os.WSTOPSIG(status))
        ptrace(PTRACE_CONT, pid, signals[-1])


def too_late(*_):
    raise AssertionError('it does not stop')


def interrupts(pid):
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(SECONDS)
    ptrace(PTRACE_SEIZE, pid)
    for waited_for in -1, pid, pid:
        ptrace(PTRACE_INTERRUPT, pid)
        signals = stopped(pid, waited_for)
        assert set(signals) <= {signal.SIGURG, signal.SIGCONT}, signals
        ptrace(PTRACE_CONT, pid)
        time.sleep(0.1)
    ptrace(PTRACE_INTERRUPT, pid)
    stopped(pid, pid)
    ptrace(PTRACE_DETACH, pid)
    signal.alarm(0)


def straces(pid):
    """And is told to end while it waits for any."""
    strace = subprocess.Popen(['strace', '-p', str(pid)], stderr=subprocess.PIPE, text=True)
    try:
        assert 'attached' in strace.stderr.readline()
        time.sleep(0.3)
        strace.send_signal(signal.SIGINT)
        _, err = strace.communicate(timeout=SECONDS)
        assert 'detached' in err, err
    finally:
        strace.kill()


@tap.test
def it_stops_and_goes_on():
    """Also if it handles most of the signals that do nothing else, as all Go programs do."""
    for trace, before, how in itertools.product((interrupts, straces), ([], RUN),
                                                ('stdin', 'stdin=handles')):
        process = subprocess.Popen([*before, WAITING, how], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        try:
            trace(program_of(process, before))
            time.sleep(0.1)
            out, _ = process.communicate(b'bytes', timeout=SECONDS)
            assert out == b'5 0 0\n', (trace, before, how, out)
        finally:
            process.kill()
            process.wait(SECONDS)


@tap.test
def signals_of_a_traced_process_do_what_they_do():
    """Whether one is for the thread that waits only the kernel knows, and here nobody else may trace it."""
    for how in 'restart', 'interrupt':
        command = ['strace', '-f', '-o', 'calls', WAITING, how, 'threads']
        native = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS,
                                check=True).stdout
        out, _ = tap.run('run', '--block', '--supervise', '--quiet', '--', *command)
        assert out == native, (how, out, native)


tap.main()
