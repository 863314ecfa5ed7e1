"""What docs/limitations.md says of memory in a pipe is so: each difference from the kernel, shown by
programs/differences.cc. Where one is gone, the document is to say so."""

import os
import pathlib

import tap

os.environ.pop('MALLOC_PERTURB_', None)  # free would change the memory

# What leaves the pipe: the memory as it was at the call (a) or is then (b), or zeros. With the
# kernel's calls (Linux 6.18); under anysplice with rings; without.
ANSWERS = {
    'data': 'bba',
    'a mapping of a file': 'baa',
    'a block that malloc mapped': 'baa',
    "another thread's stack": 'baa',
    'a pipe in an epoll set': 'baa',
    'a wait': 'baa',
    'shared memory, and a fork': 'baa',
    'shared memory, and MADV_DONTNEED': 'baa',
    'MADV_FREE': 'baa',
    'shared memory, unmapped elsewhere': 'baa',
    'data never written before': 'aba',
    'memory shared since a fork': 'aba',
    'a heap that shrinks in free': 'aba',
    'memory mapped over unseen': 'aba',
    'sent to a socket': 'baa',
    'a file that changes': 'baa',
    'data unmapped unseen': 'a0a',
}


def leaves(*options):
    out, _ = tap.run('run', '--stats=stats', *options, '--', tap.PROGRAMS / 'differences')
    counters = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
    if '--mode=native' not in options:
        assert int(counters['vmsplice.native_bytes']) == 0, counters
        assert int(counters['vmsplice.engine_bytes']) > 0, counters
    return dict(line.rsplit(' ', 1) for line in out.splitlines())


def is_as_written(column, *options):
    seen = leaves(*options)
    expected = {name: answers[column] for name, answers in ANSWERS.items()}
    assert seen == expected, [(name, seen.get(name), answer) for name, answer in expected.items()
                              if seen.get(name) != answer]


@tap.test
def with_the_kernels_calls():
    is_as_written(0, '--mode=native')


@tap.test
def with_rings():
    is_as_written(1, '--mode=emulate', '--block=ENOSYS')
    is_as_written(1, '--mode=auto', '--block=EPERM')


@tap.test
def without_rings():
    is_as_written(2, '--mode=emulate', '--block=ENOSYS', '--rings=off')


tap.main()
