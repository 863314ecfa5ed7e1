"""Programs whose calls do not go through a shared C library: on their own, where the calls are
refused, and there under `anysplice run`; and those that are static, in gVisor."""

import os
import pathlib
import subprocess

import gvisor
import own_calls
import tap

SIZE = 3000000
ERRORS = 'ENOSYS', 'EPERM'


def make():
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    return data


def test_of(program):
    def as_it_is_and_refused():
        data = make()
        alone = subprocess.run(program.argv(), stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=tap.SECONDS, check=True)
        says = program.check(alone.stdout, data)
        assert says in ('', 'splices'), says
        for error in ERRORS:
            bare = subprocess.run([tap.ANYSPLICE, 'run', f'--block={error}', '--no-preload', '--',
                                   *program.argv()], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=tap.SECONDS, check=False)
            if program.check is own_calls.relays:
                assert bare.returncode == 1 and bare.stderr.startswith('splice: '), bare
            else:  # which of them fail depends on their versions
                print(f'# {program.name} alone, {error}: exit {bare.returncode} '
                      f'{bare.stderr.strip()[-80:]}')
                assert bare.returncode or program.check(bare.stdout, data) == says, bare
            out, err = tap.run('run', f'--block={error}', *program.options, '--stats=stats', '--',
                               *program.argv())
            assert program.check(out, data) == says, out
            assert 'are carried out by this command' in err, err
            counted = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
            assert int(counted[f'{program.call}.engine_bytes']) >= SIZE * 0.99, counted
            assert all(counted.get(f'{call}.native_calls', '0') == '0'
                       for call in ('splice', 'tee', 'vmsplice', 'sendfile')), counted

    def falls_back():
        data = make()
        for error in ERRORS:
            out, err = tap.run('run', f'--block={error}', '--fallback', '--', *program.argv())
            assert program.check(out, data) in ('', 'copies'), out
            assert 'fail with EINVAL' in err, err

    as_it_is_and_refused.__name__ = f'{program.name}, refused and supervised'
    falls_back.__name__ = f'{program.name} falls back'
    tap.test(as_it_is_and_refused)
    tap.test(falls_back)


SANDBOX, REASON = gvisor.find_sandbox()


def test_in_gvisor(program):
    def inside(*before):
        done = subprocess.run([*SANDBOX, *map(str, before), *map(str, program.argv())],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=tap.SECONDS, check=False)
        return done.returncode, done.stdout, done.stderr

    def in_gvisor():
        """It has no listener: what it lacks, or a filter refuses, fails so that programs copy."""
        data = make()
        status, out, err = inside()
        assert status == 0 and program.check(out, data) in ('', 'splices'), (out, err)
        status, out, err = inside(tap.ANYSPLICE, 'run', '--')
        assert status == 0 and program.check(out, data) in ('', 'splices'), (out, err)
        assert 'calls of vmsplice fail with EINVAL' in err, err
        for error in ERRORS:
            status, out, err = inside(tap.ANYSPLICE, 'run', f'--block={error}', '--')
            assert status == 0 and program.check(out, data) in ('', 'copies'), (out, err)
            assert 'calls of splice, tee, vmsplice, sendfile fail with EINVAL' in err, err
            if program.check is own_calls.relays:
                status, _, err = inside(tap.ANYSPLICE, 'run', f'--block={error}', '--no-preload',
                                        '--')
                assert status == 1 and err.startswith('splice: '), err

    in_gvisor.__name__ = f'{program.name}, in gVisor'
    tap.test(in_gvisor)


for each in own_calls.PROGRAMS:
    test_of(each)
    if SANDBOX and not each.shared:
        test_in_gvisor(each)
if not SANDBOX:
    print(f'# gVisor does not start here: {" ".join(REASON.split())}')

tap.main()
