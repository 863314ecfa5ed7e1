"""seccomp(2)'s strict mode, which no filter may stand in front of: so the calls are not blocked."""

import tap


@tap.test
def a_child_reads_what_was_teed():
    assert tap.run('run', '--no-preload', '--', tap.PROGRAMS / 'strict')[0] == 'ab\n'
    for rings in ('on', 'off'):
        out, _ = tap.run('run', '--mode=emulate', f'--rings={rings}', '--', tap.PROGRAMS / 'strict')
        assert out == 'ab\n', rings


tap.main()
