"""Where the kernel carries, a preloaded program makes the very system calls that it makes alone,
but for those with which the loader maps our object."""

import collections
import os
import re
import subprocess
import tempfile

import tap

LIBRARY = os.environ['E2E_LIBRARY']
# What the loader does for one more object at each execve, at most: it looks for it, reads its head,
# maps its segments and protects two of them. A preloaded object cannot be had for less.
MAPPING = {'openat': 1, 'read': 1, 'newfstatat': 1, 'fstat': 1, 'close': 1, 'mmap': 5, 'mprotect': 2}
# Who is faster decides how often these programs sleep or read: one try of so many must be equal.
TRIES = 6
PYTHON = '/usr/bin/python3'
PROGRAMS = {
    'cat': ['cat', '/etc/passwd'],
    'wc': ['wc', '/etc/passwd'],  # (grep reads its own maps, which are longer)
    'head': ['head', '-c', '100', '/etc/passwd'],
    'ls': ['ls', '/etc'],
    'sort': ['sort', '/etc/passwd'],
    # (Into /dev/null the kernel refuses what the engine then carries, after a look at both files.)
    'pv': ['sh', '-c', 'pv -q /etc/passwd | cat'],
    'tar piped': ['sh', '-c', 'tar -cf - -C /etc passwd group | tar -tf -'],
    'shell pipeline': ['sh', '-c', 'cat /etc/passwd | tr a-z A-Z | wc -c'],
    'python sendfile': [PYTHON, '-c', 'import os; f = os.open("/etc/passwd", 0); '
                        'os.sendfile(1, f, 0, 100)'],
    'python subprocess': [PYTHON, '-c', 'import subprocess; subprocess.run(["cat"], input=b"abc", '
                          'stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)'],
    'own pipes': [tap.PROGRAMS / 'guest'],
}


def calls(argv, preload):
    """How often each system call is made, and how many programs are executed."""
    with tempfile.NamedTemporaryFile('r') as out:
        # Both have as long an environment, which programs copy: one byte more may be a brk more.
        name = 'LD_PRELOAD' if preload else 'NO_PRELOAD'
        subprocess.run(['strace', '-f', '-qq', '-o', out.name, 'env', f'{name}={LIBRARY}', *argv],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        lines = out.read().splitlines()
    starts = [i for i, line in enumerate(lines) if re.search(r'\bexecve\b.* = 0$', line)]
    names = (re.match(r'\d+ +(\w+)\(', line) for line in lines[starts[1]:])
    return collections.Counter(name[1] for name in names if name), len(starts) - 1


def difference(argv):
    (alone, _), (guest, programs) = calls(argv, False), calls(argv, True)
    more = {call: guest[call] - alone[call] for call in alone | guest}
    return {call: n for call, n in more.items()
            if not 0 <= n <= programs * MAPPING.get(call, 0)}


def test(name, argv):
    def the_very_system_calls():
        seen = []
        while len(seen) < TRIES:
            seen.append(difference(argv))
            if not seen[-1]:
                return
        raise AssertionError(seen)

    the_very_system_calls.__name__ = f'the very system calls of {name}'
    tap.test(the_very_system_calls)


for program in PROGRAMS.items():
    test(*program)
tap.main()
