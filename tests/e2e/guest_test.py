"""Where the kernel carries, a preloaded program makes the very system calls that it makes alone,
but for those with which the loader maps our object."""

import collections
import os
import subprocess
import tempfile

import tap

LIBRARY = os.environ['E2E_LIBRARY']
# What the loader does for one more object: at most so much.
MAPPING = {'openat': 1, 'read': 1, 'newfstatat': 1, 'fstat': 1, 'close': 1, 'mmap': 5, 'mprotect': 2}
PROGRAMS = {
    'cat': ['cat', '/etc/passwd'],
    'wc': ['wc', '/etc/passwd'],  # (grep reads its own maps, which are longer)
    'head': ['head', '-c', '100', '/etc/passwd'],
    'ls': ['ls', '/etc'],
    'python sendfile': ['/usr/bin/python3', '-c', 'import os; f = os.open("/etc/passwd", 0); '
                        'os.sendfile(1, f, 0, 100)'],
}


def calls(argv, preload):
    with tempfile.NamedTemporaryFile('r') as out:
        env = [f'LD_PRELOAD={LIBRARY}'] if preload else []
        subprocess.run(['strace', '-qq', '-o', out.name, 'env', *env, *argv], check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        lines = out.read().splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith('execve(') and '= 0' in line]
    return collections.Counter(line.split('(')[0] for line in lines[starts[-1]:])


@tap.test
def the_very_system_calls():
    for name, argv in PROGRAMS.items():
        alone, guest = calls(argv, False), calls(argv, True)
        for call in alone | guest:
            more = guest[call] - alone[call]
            assert 0 <= more <= MAPPING.get(call, 0), f'{name}: {call} {more:+}'


tap.main()
