"""`anysplice top`: what it shows of programs that run."""

import contextlib
import os
import pty
import re
import subprocess
import time

import tap

# 64 KiB through a ring and back, again and again, until told to stop.
BUSY = """
import os, sys, time
r, w = os.pipe()
with open('in', 'wb') as file:
    file.write(bytes(65536))
source, null = os.open('in', os.O_RDONLY), os.open('/dev/null', os.O_WRONLY)
with open('ready', 'w') as file:
    file.write(str(os.getpid()))
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and not os.path.exists('stop'):
    assert os.splice(source, w, 65536, offset_src=0) == 65536
    assert os.splice(r, null, 65536) == 65536
sys.exit(5)
"""
PROGRAM = (tap.PYTHON, '-c', BUSY)


def blocks(text):
    """The blocks of a view that is no terminal: the fields of each line by its first word."""
    found = []
    for block in text.strip().split('\n\nanysplice top: '):
        lines = [line.split() for line in block.splitlines() if line.strip()]
        found.append({line[0]: line[1:] for line in lines})
    return found


@tap.test
def watches_a_program():
    _, err = tap.run('top', '--mode=emulate', '--interval=0.3', '--count=3', '--', *PROGRAM, 1.5,
                     status=5)
    views = blocks(err)
    assert len(views) == 3, err
    busy = views[1]
    assert int(busy['splice'][0]) > 10 and busy['splice'][1] == '0', err
    # kernel, ring, copy: 0 B, something, 0 B
    assert busy['splice'][2:4] == ['0', 'B'] and busy['splice'][4] != '0', err
    assert busy['splice'][6:8] == ['0', 'B'], err
    with open('ready') as file:
        assert busy[file.read()][-1] == 'python3', err
    assert max(map(len, err.splitlines())) <= 80, err


@contextlib.contextmanager
def running(*command):
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if os.path.exists('ready') and os.stat('ready').st_size:
                break
            time.sleep(0.02)
        with open('ready') as file:
            yield process, int(file.read())
    finally:
        open('stop', 'w').close()
        process.wait(20)


@tap.test
def watches_a_running_process():
    with running(tap.ANYSPLICE, 'run', '--mode=emulate', '--stats=counters', '--', *PROGRAM,
                 20) as (command, pid):
        for which in (pid, command.pid):  # the parent has the counters too
            out, _ = tap.run('top', f'--pid={which}', '--interval=0.2', '--count=2')
            views = blocks(out)
            assert len(views) == 2, out
            assert int(views[1]['splice'][0]) > 10, out
            assert views[1][str(pid)][-1] == 'python3', out
        watcher = subprocess.Popen([tap.ANYSPLICE, 'top', f'--pid={pid}', '--interval=0.1'],
                                   stdout=subprocess.PIPE)
        assert watcher.stdout.readline().startswith(b'anysplice top: '), 'no view'
    watcher.communicate(timeout=10)
    assert watcher.returncode == 0  # it ends with the process


@tap.test
def says_what_it_cannot_watch():
    with running(*PROGRAM, 20) as (_, pid):
        _, err = tap.run('top', f'--pid={pid}', status=125)
        assert err.startswith(f'anysplice: process {pid} does not run under anysplice with '), err
        assert 'anysplice run --stats -- PROGRAM' in err, err
    _, err = tap.run('top', f'--pid={pid}', status=125)
    assert err == f'anysplice: there is no process {pid}\n', err
    for words in (['--pid=x'], ['--pid=1', '--', 'true'], [], ['--interval=0', 'true'],
                  ['--count=0', 'true'], ['--stats', 'true'], ['--no-preload', 'true'],
                  ['--interval=nan', 'true']):
        _, err = tap.run('top', *words, status=125)
        assert err.startswith('anysplice: '), (words, err)
    _, err = tap.run('top', '999999', status=127)
    assert err.endswith('with that number: --pid=999999\n'), err
    out, _ = tap.run('top', '--help')
    assert max(map(len, out.splitlines())) <= 80, out


@tap.test
def fits_a_terminal():
    master, slave = pty.openpty()
    process = subprocess.Popen([tap.ANYSPLICE, 'top', '--mode=emulate', '--interval=0.2',
                                '--count=2', '--', *PROGRAM, '0.7'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    text = b''
    with contextlib.suppress(OSError):  # EIO once nobody has the other end
        while part := os.read(master, 65536):
            text += part
    os.close(master)
    assert process.wait(10) == 5
    text = text.decode().replace('\r\n', '\n')
    first, *views = text.split('\033[H')
    assert first == '\033[2J' and len(views) == 2, text
    for view in views:
        lines = re.sub('\033\\[[KJ]', '', view).splitlines()
        assert lines[0].startswith('anysplice top: /usr/bin/python3'), lines
        assert len(lines) <= 24 and max(map(len, lines)) <= 80, lines


tap.main()
