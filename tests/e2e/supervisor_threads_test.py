"""Supervised programs with many threads, and what is theirs alone: descriptors, groups, an end."""

import os
import pathlib
import select
import signal
import subprocess
import time

import tap

CROWD = tap.PROGRAMS / 'crowd'
RELAY = tap.PROGRAMS / 'relay'
WAITING = tap.PROGRAMS / 'waiting'
RUN = [tap.ANYSPLICE, 'run', '--block', '--quiet', '--']


def natively(*words):
    return subprocess.run([CROWD, *words], capture_output=True, text=True, timeout=20,
                          check=True).stdout


@tap.test
def what_becomes_of_waiting_threads():
    for how in ('execs', 'cancels'):
        out, _ = tap.run('run', '--block', '--quiet', '--', CROWD, how)
        assert out == natively(how), (how, out)


@tap.test
def threads_with_descriptors_of_their_own():
    if tuple(map(int, os.uname().release.split('.')[:2])) < (6, 9):
        raise tap.Skip('the kernel gives out no descriptors of single threads')
    out, _ = tap.run('run', '--block', '--quiet', '--', CROWD, 'own')
    assert out == natively('own') == '3 own\n', out


@tap.test
def those_that_wait_stop_no_others():
    """Nor does looking after them: a call takes no second for being one among hundreds."""
    calls = 30
    out, _ = tap.run('run', '--block', '--quiet', '--', CROWD, 'waits', 200, calls)
    print(f'# {calls} calls took {out.strip()} ms')
    assert int(out) < 5000, out


@tap.test
def who_was_alone_and_waits_stops_no_others():
    """What is done for one that calls alone is done without a change of thread, until it waits."""
    for source in ('alone', 'alone=unix', 'alone=tcp'):
        out, _ = tap.run('run', '--block', '--quiet', '--', WAITING, source)
        assert out == '5 0 0\n', (source, out)


@tap.test
def who_waits_for_what_another_has_locked_stops_no_others():
    """A thread that has a pipe or a connection locked may wait for one whose calls are made here."""
    faulting = tap.PROGRAMS / 'faulting'
    for what in 'pipe', 'tcp':
        native = subprocess.run([faulting, what], capture_output=True, text=True, timeout=20)
        if 'not permitted' in native.stderr:
            raise tap.Skip('only root may bring the pages that the kernel needs')
        out, _ = tap.run('run', '--block', '--quiet', '--', faulting, what)
        assert out == native.stdout, (what, out, native)


def state_of(pid):
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]


@tap.test
def a_process_that_stops_itself():
    process = subprocess.Popen([*RUN, CROWD, 'stops'], stdout=subprocess.PIPE, text=True,
                               start_new_session=True)
    try:
        program = None
        deadline = time.monotonic() + 20
        while program is None or state_of(program) != 'T':
            assert time.monotonic() < deadline, 'it does not stop'
            time.sleep(0.02)
            children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text()
            program = int(children.split()[0]) if children else None
        # All of its threads have, and stay so.
        time.sleep(0.1)
        states = [state_of(thread.name) for thread in pathlib.Path(f'/proc/{program}/task').iterdir()]
        assert states == ['T', 'T'], states
        os.kill(program, signal.SIGCONT)
        out, _ = process.communicate(timeout=20)
        assert out == '1\n' and process.returncode == 0, (out, process.returncode)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@tap.test
def two_thousand_groups():
    if os.geteuid() != 0:
        raise tap.Skip('only root may set groups')
    data = os.urandom(300000)
    pathlib.Path('in').write_bytes(data)
    out, _ = tap.run('run', '--block', '--', RELAY, 'in', 'out',
                     preexec_fn=lambda: os.setgroups(range(100000, 102000)))
    assert out == 'splices\n' and pathlib.Path('out').read_bytes() == data, out


@tap.test
def what_the_program_closes_is_closed():
    """The supervisor does not keep what the program has inherited."""
    near, far = os.pipe()
    process = subprocess.Popen([*RUN, '/bin/busybox', 'sh', '-c', f'exec >&- {far}>&-; read end'],
                               pass_fds=[far], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    os.close(far)
    try:
        for end in (process.stdout.fileno(), near):
            assert select.select([end], [], [], 20)[0], 'somebody else has it'
            assert os.read(end, 1) == b''
        assert process.poll() is None
    finally:
        process.stdin.close()
        process.wait(20)
        os.close(near)


@tap.test
def it_has_no_descriptor_more():
    def names(*before):
        out = subprocess.run([*before, '/bin/busybox', 'ls', '/proc/self/fd'], capture_output=True,
                             text=True, timeout=20, check=True).stdout
        return out.split()

    assert names() == names(*RUN)


tap.main()
