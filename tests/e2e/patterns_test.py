"""Programs after the patterns of known ones that rely on what vmsplice leaves in memory: each has to
print, and write, under anysplice what it does with the kernel's calls."""

import pathlib

import tap
import under_test

SETTINGS = [(f'--mode={mode}', f'--block={error}') for mode in ('auto', 'emulate')
            for error in ('ENOSYS', 'EPERM')]


def is_the_kernels(program, *words, carries, output=None):
    """Whether a program prints, and leaves in a file, the same in all settings. The first is its own
    run, with the kernel's calls (where this engine leaves calls to the kernel at all)."""
    expected = None
    own = [('--mode=native',)] if under_test.NATIVE else []
    for setting in own + SETTINGS:
        out, _ = tap.run('run', '--stats=stats', *setting, '--', tap.PROGRAMS / program, *words)
        seen = out, output and pathlib.Path(output).read_bytes()
        expected = expected or seen
        assert seen == expected, f'{setting}: {out[-1000:]}'
        counters = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
        for call, least in carries.items() if setting not in own else ():
            assert int(counters[f'{call}.native_bytes']) == 0, counters
            assert int(counters[f'{call}.engine_bytes']) >= least, counters
    return expected


@tap.test
def a_master_pipe_that_is_teed_for_each_request():
    replies = 3 * 20 * 25
    out, _ = is_the_kernels('master_pipe',
                            carries={'tee': replies * 16384, 'splice': replies * 16384,
                                     'vmsplice': 16384})
    lines = out.splitlines()
    assert len(lines) == replies, lines
    for number, line in enumerate(lines):
        each = number // 25 % 20
        assert line == f'round {each} {chr(97 + each)} 1000', (number, line)


@tap.test
def pages_go_into_a_pipe_until_it_is_full():
    out, pages = is_the_kernels('page_pipe', 'image', output='image',
                                carries={'vmsplice': 3_000_000, 'splice': 3_000_000})
    assert out.count('EAGAIN') > 20 and 'vmsplice 65536\n' in out, out
    assert len(pages) % 4096 == 0, len(pages)
    for at in range(0, len(pages), 4096):
        assert pages[at:at + 4096] == pages[at:at + 1] * 4096, at


tap.main()
