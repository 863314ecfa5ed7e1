"""Pipes of packets of supervised programs, which a read end does not show: none loses its end or a part
of it, also if by the first call nobody is there any more who writes packets."""

import subprocess

import tap

PACKETS = tap.PROGRAMS / 'packets'


def compare(how):
    native = subprocess.run([PACKETS, how], capture_output=True, text=True, timeout=tap.SECONDS,
                            check=True).stdout
    out, _ = tap.run('run', '--block', '--quiet', '--', PACKETS, how)
    assert out == native, f'{how}: {out!r}, natively {native!r}'


@tap.test
def whose_writer_has_gone():
    compare('closed')


@tap.test
def whose_writer_makes_them_no_more():
    compare('cleared')


@tap.test
def whose_writer_is_another_process():
    compare('child')


@tap.test
def that_is_full_of_them():
    compare('full')


@tap.test
def that_never_had_one():
    compare('plain')


@tap.test
def they_are_made_as_by_the_kernel():
    """Numbers, flags, owner and errors."""
    compare('pipes')


tap.main()
