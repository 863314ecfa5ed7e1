"""`anysplice trace`: the lines are what happened, and the program does not notice."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess

import tap

EMULATE = ('--mode=emulate', '--block')
TRACED = tap.PROGRAMS / 'traced'
TIME = r'\d+(\.\d)? (ns|us|ms|s)'

EVERYTHING = """
import os, select, socket, sys
r, w = os.pipe()
with open('in', 'wb') as file:
    file.write(bytes(range(100)) * 700)
source, null = os.open('in', os.O_RDONLY), os.open('/dev/null', os.O_WRONLY)
left, right = socket.socketpair()
os.splice(source, w, 65536, offset_src=4096)
os.splice(r, null, 100, flags=os.SPLICE_F_MOVE | os.SPLICE_F_MORE)
poll = select.poll()
poll.register(w, select.POLLPRI)
poll.poll(1)
os.splice(r, left.fileno(), 65436)
for call in (lambda: os.splice(r, 77, 1), lambda: os.splice(r, null, 1, flags=os.SPLICE_F_NONBLOCK)):
    try:
        call()
    except OSError:
        continue
    sys.exit(1)
assert os.sendfile(left.fileno(), source, 5, 1000) == 1000
print(r, w, source, null, left.fileno())
"""


def trace(*options, program=EVERYTHING, **how):
    out, err = tap.run('trace', *options, '--', tap.PYTHON, '-c', program, **how)
    return out.split(), err.splitlines()


def trace_to_its_end(*options):  # it ends with a traceback, which may come between others' words
    tap.run('trace', '-o', 'log', *options, '--', tap.PYTHON, '-c', EVERYTHING, status=1)
    return pathlib.Path('log').read_text().splitlines()


def traced(role, *options):
    """The lines of a role of the sample program, as JSON; what it printed."""
    out, _ = tap.run('trace', '-f', '--json', '-o', 'log', *EMULATE, *options, '--', TRACED, role)
    with open('log') as file:
        return [json.loads(line) for line in file], out


def tees(lines):
    return sum(line.get('call') == 'tee' and line['result'] == 7 for line in lines)


@tap.test
def lines_for_people():
    (r, w, source, null, left), lines = trace(*EMULATE)
    inside = os.path.join(os.getcwd(), 'in')
    expected = [
        rf'splice\({source}<file:{inside}>, \[4096\], {w}<pipe>, NULL, 65536, 0\) = 65536 <ring, {TIME}>',
        rf'splice\({r}<pipe>, NULL, {null}<device:/dev/null>, NULL, 100, SPLICE_F_MOVE\|SPLICE_F_MORE\)'
        rf' = 100 <ring, {TIME}>',
        rf'pipe {r} settled: poll, 65436 bytes',
        rf'splice\({r}<pipe>, NULL, {left}<unix>, NULL, 65436, 0\) = 65436 <copy, {TIME}>',
        rf'splice\({r}<pipe>, NULL, 77, NULL, 1, 0\) = -1 EBADF \(Bad file descriptor\) <copy, {TIME}>',
        rf'splice\({r}<pipe>, NULL, {null}<device:/dev/null>, NULL, 1, SPLICE_F_NONBLOCK\) = -1 EAGAIN '
        rf'\(Resource temporarily unavailable\) <copy, {TIME}>',
        rf'sendfile\({left}<unix>, {source}<file:{inside}>, \[5\], 1000\) = 1000 <copy, {TIME}>',
    ]
    assert len(lines) == len(expected), lines
    for line, pattern in zip(lines, expected):
        assert re.fullmatch(pattern, line), f'{line} is not {pattern}'


@tap.test
def lines_for_programs():
    (r, w, source, null, left), lines = trace('--json', *EMULATE)
    lines = [json.loads(line) for line in lines]
    splice, discard, settled, send, bad, again, sendfile = lines
    assert splice['in'] == {'fd': int(source), 'kind': 'file', 'inode': os.stat('in').st_ino,
                            'path': os.path.join(os.getcwd(), 'in')}, splice
    assert splice['in_offset'] == 4096 and 'out_offset' not in splice, splice
    assert splice['out']['fd'] == int(w) and splice['out']['kind'] == 'pipe', splice
    assert splice['out']['inode'] == discard['in']['inode'] == settled['settled']['inode'], lines
    assert discard['flags'] == 'SPLICE_F_MOVE|SPLICE_F_MORE' and discard['result'] == 100, discard
    assert settled['why'] == 'poll' and settled['bytes'] == 65436, settled
    assert settled['settled']['fd'] == int(r), settled
    assert [line.get('by') for line in lines] == ['ring', 'ring', None, 'copy', 'copy', 'copy',
                                                  'copy'], lines
    assert send['result'] == 65436 and send['out']['kind'] == 'unix', send
    assert bad['result'] == -1 and bad['errno'] == 9 and bad['error'] == 'EBADF', bad
    assert bad['out'] == {'fd': 77}, bad
    assert again['error'] == 'EAGAIN', again
    assert sendfile['call'] == 'sendfile' and sendfile['out']['fd'] == int(left), sendfile
    times = [line['time'] for line in lines]
    assert times == sorted(times) and times[-1] - times[0] < 10, times
    assert all(0 < line['seconds'] < 1 for line in lines if 'call' in line), lines
    assert len({line['pid'] for line in lines}) == 1, lines


@tap.test
def what_the_kernel_answered():
    _, lines = trace('--mode=native')
    assert sum(' <kernel, ' in line for line in lines) == 6 == len(lines), lines


@tap.test
def what_nobody_answered():
    lines = trace_to_its_end('--mode=absent=EPERM')
    calls = [line for line in lines if line.startswith('splice')]
    assert len(calls) == 1 and 'EPERM (Operation not permitted) <nobody, ' in calls[0], lines


@tap.test
def injected_failures():
    lines = trace_to_its_end(*EMULATE, '--inject=splice:errno=EIO@2')
    calls = [line for line in lines if line.startswith('splice')]
    assert len(calls) == 2, lines
    assert ' = -1 EIO (Input/output error) <injected, ' in calls[1], calls


@tap.test
def vectors_and_bad_addresses():
    program = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
ends = (ctypes.c_int * 2)()
libc.pipe(ends)
class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
memory = ctypes.create_string_buffer(100)
def vmsplice(*lengths):
    vector = (Iovec * len(lengths))(*((ctypes.addressof(memory), n) for n in lengths))
    return libc.vmsplice(ends[1], vector, len(lengths), 8)
assert vmsplice(5, 7) == 12
assert vmsplice(1, 1, 1, 1, 1) == 5
assert libc.vmsplice(ends[1], ctypes.c_void_p(0x10), 1, 0) == -1
assert libc.splice(0, ctypes.c_void_p(0x10), ends[1], None, ctypes.c_size_t(-1), 0x40) == -1
"""
    _, lines = trace(*EMULATE, program=program)
    a = '0x[0-9a-f]+'
    for line, pattern in zip(lines, [
            rf'vmsplice\(\d+<pipe>, \[{{{a}, 5}}, {{{a}, 7}}\], 2, SPLICE_F_GIFT\) = 12 <.*',
            rf'vmsplice\(\d+<pipe>, \[({{{a}, 1}}, ){{4}}\.\.\.\], 5, SPLICE_F_GIFT\) = 5 <.*',
            r'vmsplice\(\d+<pipe>, 0x10, 1, 0\) = -1 EFAULT \(Bad address\) <.*',
            r'splice\(0<.*>, 0x10, \d+<pipe>, NULL, 18446744073709551615, 0x40\) = -1 EINVAL .*']):
        assert re.fullmatch(pattern, line), f'{line} is not {pattern}'
    assert len(lines) == 4, lines


@tap.test
def children_only_with_f():
    program = """
import os
r, w = os.pipe()
def send(n):
    assert os.write(w, bytes(n)) == n
    with open('/dev/null', 'wb') as null:
        assert os.splice(r, null.fileno(), n) == n
send(10)
if os.fork() == 0:
    send(20)
    os._exit(0)
os.wait()
send(30)
"""
    _, lines = trace(*EMULATE, program=program)
    lengths = [re.search(r', NULL, (\d+), 0\)', line)[1] for line in lines if 'splice' in line]
    assert lengths == ['10', '30'], lines
    assert all(re.match('splice|pipe', line) for line in lines), lines
    _, lines = trace('-f', *EMULATE, program=program)
    processes = [line.split(' ', 1)[0] for line in lines if 'splice(' in line]
    assert len(processes) == 3 and len(set(processes)) == 2, lines
    assert processes[0] == processes[2], lines
    # An executed program goes on with the trace, under the same number without -f.
    script = f'import os; os.execv({tap.PYTHON!r}, ["python3", "-c", {program!r}])'
    _, lines = trace(*EMULATE, program=script)
    assert sum('splice' in line for line in lines) == 2, lines


@tap.test
def times_in_front():
    _, lines = trace('-t', *EMULATE)
    assert all(re.match(r'1[0-9]{9}\.[0-9]{6} (splice|sendfile|pipe)', line) for line in lines), lines
    _, lines = trace('-r', '-f', *EMULATE)
    assert all(re.match(r'\d+ [0-9]\.[0-9]{6} (splice|sendfile|pipe)', line) for line in lines), lines


@tap.test
def a_program_that_closes_everything():
    lines, _ = traced('close_everything')
    assert tees(lines) == 5, lines
    assert not any('missed' in line for line in lines), lines
    lines, _ = traced('close_range_everything')
    assert tees(lines) == 2, lines


# Every call is in the trace, those of the handler too, whatever it interrupted.
@tap.test
def a_handler_that_interrupts_everything():
    lines, out = traced('handler')
    missed = sum(line.get('missed', 0) for line in lines)
    assert tees(lines) == int(out) and missed == 0, (tees(lines), out, missed)


@tap.test
def threads_and_processes():
    lines, _ = traced('threads')
    assert tees(lines) == 24 * 50, tees(lines)
    lines, _ = traced('children')
    each = collections.Counter(line['pid'] for line in lines if line.get('result') == 7)
    assert sorted(each.values()) == [1] + 6 * [100], each


@tap.test
def what_could_not_be_written_is_told():
    lines, _ = traced('small_files')
    assert tees(lines) == 2, lines
    events = [next(key for key in ('call', 'settled', 'missed') if key in line) for line in lines]
    at = events.index('missed')
    assert lines[at]['missed'] >= 3 and 'call' in events[at + 1:], lines


@tap.test
def a_program_that_locks_itself_up():
    if os.getuid() != 0:
        return
    lines, _ = traced('locked_up')
    assert tees(lines) == 2, lines
    lines, _ = traced('lost')
    assert tees(lines) == 1, lines


@tap.test
def fio_by_line():
    tap.run('trace', '-f', '--json', '-o', 'log', *EMULATE, '--', 'fio', '--name=x',
            '--ioengine=splice', '--rw=write', '--bs=64k', '--size=4m', '--filename=data',
            '--verify=crc32c', '--verify_fatal=1', '--minimal')
    total = collections.Counter()
    with open('log') as file:
        for line in map(json.loads, file):
            if 'call' in line:
                total[line['call'], line['by']] += max(0, line['result'])
    assert total['splice', 'ring'] == total['vmsplice', 'ring'] == 2 * 4 << 20, total


@tap.test
def where_it_goes():
    # Into a pipe, and a file that a link leads to. The program's own output is not touched.
    os.symlink('real', 'link')
    out, lines = trace('-o', 'link', *EMULATE)
    assert len(out) == 5 and lines == [], (out, lines)
    with open('real') as file:
        assert len(file.readlines()) == 7
    command = f'{tap.ANYSPLICE} trace -o /dev/stdout --mode=emulate -- {TRACED} threads | grep -c ^tee'
    assert int(subprocess.check_output(command, shell=True, timeout=30)) == 24 * 50
    for file in ('/nowhere/log', ''):
        _, err = tap.run('trace', '-o', file, 'true', status=125)
        assert err.startswith('anysplice: '), err


# A reader that has seen enough ends neither the program nor the command half-way.
@tap.test
def a_reader_that_goes_away():
    os.mkdir('temporary')
    script = f'{TRACED} threads; sleep 0.5; {TRACED} threads; echo whole >&2; exit 3'
    process = subprocess.Popen([tap.ANYSPLICE, 'trace', '-f', '-o', '/dev/stdout', *EMULATE, '--',
                                '/bin/sh', '-c', script], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**os.environ, 'TMPDIR': os.getcwd() +
                                                            '/temporary'})
    assert b'tee(' in process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(20) == 3
    assert err == 'whole\nanysplice: cannot write the trace: Broken pipe\n', err
    assert os.listdir('temporary') == []


@tap.test
def how_it_ends():
    ends = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    _, lines = trace(*EMULATE, program=EVERYTHING + ends, status=-signal.SIGKILL)
    assert len(lines) == 7, lines
    for words in ('', '--stats true', '--no-preload true', '-x true', '--json -t true', '--json -r true'):
        _, err = tap.run('trace', *words.split(), status=125)
        assert err.startswith('anysplice: '), (words, err)
    out, _ = tap.run('trace', '--help')
    assert max(map(len, out.splitlines())) <= 80, out
    assert os.listdir('.') == ['in'], os.listdir('.')


tap.main()
