"""`anysplice trace` of programs that no library can be loaded into: the lines are those that the
library writes of the same program."""

import json
import os
import pathlib
import re
import shutil

import go_programs
import tap

RELAY = tap.PROGRAMS / 'relay'
EMULATE = ('--mode=emulate', '--block', '--rings=off')
SIZE = 100_000


def make():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))


def lines_of(kind, *options):
    shutil.copy(tap.PROGRAMS / f'copies_{kind}', 'program')  # what is injected depends on the name
    tap.run('trace', '-o', 'log', *options, '--', './program', 'in', 'out')
    return pathlib.Path('log').read_text().splitlines()


@tap.test
def the_same_as_with_the_library():
    make()
    faults = '--inject=splice:short=0.3;all:eintr=0.2;seed=9'
    for options in EMULATE, ('--mode=native',), (*EMULATE, faults):
        # Not the same: times, addresses, and when bytes that tee leaves are put back.
        found = [[re.sub(r'0x[0-9a-f]+|[\d.]+ [nmu]?s>', '', line)
                  for line in lines_of(kind, *options) if not line.startswith('pipe ')]
                 for kind in ('shared', 'static')]
        assert found[0] == found[1], [pair for pair in zip(*found) if pair[0] != pair[1]][:3]
        calls = {line.split('(')[0] for line in found[1]}
        assert calls == {'splice', 'tee', 'sendfile', 'vmsplice'}, calls
        assert ('<injected' in ''.join(found[1])) == (faults in options), found[1]


@tap.test
def json_is_the_same_too():
    make()
    found = []
    for kind in 'shared', 'static':
        lines = [json.loads(line) for line in lines_of(kind, '--json', *EMULATE)]
        calls = [line for line in lines if 'call' in line]
        assert len({line['pid'] for line in lines}) == 1
        assert all(line['seconds'] > 0 and line['time'] > 1e9 for line in calls)
        for line in calls:
            for key in 'time', 'pid', 'seconds', 'segments':
                line.pop(key, None)
            for end in 'in', 'out', 'pipe':
                line.get(end, {}).pop('inode', None)
        found.append(calls)
    assert found[0] == found[1] and len(found[1]) > 15, found


@tap.test
def copy_file_range_has_both_offsets():
    make()
    for who, options in ('kernel', []), ('copy', ['--copy-file-range=emulate']):
        _, err = tap.run('trace', *options, '--', tap.PROGRAMS / 'range_copies', 'in', 'out')
        lines = [line for line in err.splitlines() if line.startswith('copy_file_range(')]
        for line, n in zip(lines, (65536, SIZE - 65536, 0)):
            pattern = r'copy_file_range\(\d+<file:\S+/in>, NULL, \d+<file:\S+/out>, NULL, 65536, 0\)'
            assert re.match(rf'{pattern} = {n} <{who}, ', line), line
        assert len(lines) == 3, err


@tap.test
def it_is_of_the_program_alone_or_of_all():
    make()
    script = f'{RELAY} in first; {RELAY} in second; true'
    for options, count in ([], 0), (['-f'], 2):
        _, err = tap.run('trace', '-o', 'log', *options, *EMULATE, '--', '/bin/busybox', 'sh', '-c',
                         script)
        assert 'are carried out by this command' in err, err
        lines = pathlib.Path('log').read_text().splitlines()
        numbers = {line.split()[0] for line in lines}
        assert len(numbers) == count and all(number.isdigit() for number in numbers), lines
    _, err = tap.run('trace', *EMULATE, '--', RELAY, 'in', 'out')
    assert sum(line.startswith('splice(') for line in err.splitlines()) >= 4, err


@tap.test
def times():
    make()
    for option, least, most in (('-t', 1e9, 1e11), ('-r', 0, 100)):
        for line in lines_of('static', option, *EMULATE):
            at = re.match(r'(\d+\.\d{6}) \w', line)
            assert at and least <= float(at[1]) <= most, line


@tap.test
def a_go_program_that_loads_libraries():
    make()
    _, err = tap.run('trace', '--', go_programs.built('relay', 1), 'in')
    for pattern in (r'sendfile\(\d+<tcp>, \d+<file:\S+/in>, NULL, \d+\) = \d+ <kernel',
                    r'splice\(\d+<tcp>, NULL, \d+<pipe>, NULL, \d+, SPLICE_F_NONBLOCK\) = \d+ <kernel'):
        assert re.search(pattern, err), err


BAD = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
r, w = os.pipe()
class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
memory = ctypes.create_string_buffer(100)
def vmsplice(*lengths):
    vector = (Iovec * len(lengths))(*((ctypes.addressof(memory), n) for n in lengths))
    return libc.vmsplice(w, vector, len(lengths), 8)
assert vmsplice(5, 7) == 12
assert vmsplice(1, 1, 1, 1, 1) == 5
assert libc.vmsplice(w, ctypes.c_void_p(0x10), 1, 0) == -1
assert libc.splice(0, ctypes.c_void_p(0x10), w, None, ctypes.c_size_t(-1), 0x40) == -1
assert libc.splice(r, None, 77, None, 1, 0) == -1
"""


@tap.test
def arguments_as_the_program_passed_them():
    _, err = tap.run('trace', *EMULATE, '--', '/bin/busybox', 'env', '-u', 'LD_PRELOAD', tap.PYTHON,
                     '-c', BAD)
    lines = [line for line in err.splitlines() if 'splice(' in line]
    a = '0x[0-9a-f]+'
    patterns = [rf'vmsplice\(4<pipe>, \[{{{a}, 5}}, {{{a}, 7}}\], 2, SPLICE_F_GIFT\) = 12 <.*',
                rf'vmsplice\(4<pipe>, \[({{{a}, 1}}, ){{4}}\.\.\.\], 5, SPLICE_F_GIFT\) = 5 <.*',
                r'vmsplice\(4<pipe>, 0x10, 1, 0\) = -1 EFAULT \(Bad address\) <.*',
                r'splice\(0<device:/dev/null>, 0x10, 4<pipe>, NULL, 18446744073709551615, 0x40\) = -1 '
                r'EINVAL .*',
                r'splice\(3<pipe>, NULL, 77, NULL, 1, 0\) = -1 EBADF \(Bad file descriptor\) <.*']
    assert len(lines) == len(patterns), err
    for line, pattern in zip(lines, patterns):
        assert re.fullmatch(pattern, line), f'{line} is not {pattern}'


tap.main()
