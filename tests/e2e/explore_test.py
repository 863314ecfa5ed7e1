"""`anysplice explore` on the samples: it is told nothing of their mistakes."""

import contextlib
import json
import os
import pathlib
import shlex
import subprocess

import tap

SAMPLES = pathlib.Path(os.environ['E2E_SAMPLES'])
SIZE = 100_000


def explore(sample, *options, status=1, runs=60, timeout=5):
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    out, _ = tap.run('explore', '--json', '--output=out', f'--max-runs={runs}', f'--timeout={timeout}',
                     *options, '--', SAMPLES / f'sample_{sample}', 'in', 'out', status=status)
    return json.loads(out)


def verdicts(found):
    return {(finding['verdict'], finding['failure']) for finding in found['findings']}


# With the kernel's calls, and with the engine's where there are none.
SETTINGS = ([], ['--mode=emulate', '--block'])


@tap.test
def finds_a_short_count_that_is_not_thought_of():
    for setting in SETTINGS:
        found = verdicts(explore('short_count', *setting, runs=25, timeout=2))
        assert ('wrong output', 'half of it moved') in found, found
        assert any(verdict == 'hangs' for verdict, _ in found), found


@tap.test
def finds_a_missing_fallback():
    for setting in SETTINGS:
        found = verdicts(explore('no_fallback', *setting, runs=150))
        assert found == {('fails', 'gone from there on (ENOSYS)'),
                         ('fails', 'gone from there on (EPERM)'), ('fails', 'EINVAL')}, found


@tap.test
def finds_a_loop_that_does_not_end():
    found = verdicts(explore('retries_forever', runs=20, timeout=2))
    assert ('hangs', 'gone from there on (ENOSYS)') in found, found


@tap.test
def finds_nothing_where_there_is_nothing():
    for setting in SETTINGS:
        found = explore('careful', *setting, status=0, runs=500)
        assert found['findings'] == [] and found['not_tried'] == 0, found
        assert found['survived'] == found['tried'] > 40, found


@tap.test
def the_command_that_repeats_a_finding_does():
    found = explore('no_fallback', '--mode=emulate', runs=30)
    words = shlex.split(found['findings'][0]['repeat'])
    assert words[:3] == ['anysplice', 'run', '--mode=emulate'], words
    done = subprocess.run([tap.ANYSPLICE, *words[1:]], capture_output=True, timeout=tap.SECONDS)
    assert done.returncode == 1 and b'Function not implemented' in done.stderr, done


@tap.test
def the_program_is_not_its_own_output():
    program = pathlib.Path('program')
    program.write_text('#!/bin/sh\n')
    program.chmod(0o755)
    done = subprocess.run([tap.ANYSPLICE, 'explore', '--output=program', '--', './program'],
                          capture_output=True, timeout=tap.SECONDS)
    assert done.returncode == 125 and b'is the test command itself' in done.stderr, done
    assert program.exists()


@tap.test
def reports_for_people():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    out, _ = tap.run('explore', '--output=out', '--max-runs=30', '--',
                     SAMPLES / 'sample_no_fallback', 'in', 'out', status=1)
    assert 'FAILS, where it could have gone on' in out, out
    assert '    it said: splice: Function not implemented\n' in out, out
    assert '  splice file->pipe: gone from there on (ENOSYS)\n    at splice 1 of ' in out, out


@tap.test
def several_processes_and_threads():
    program = """
import os, threading
def copy(name):
    source, target = open('in', 'rb'), open(name, 'wb')
    read_end, write_end = os.pipe()
    while moved := os.splice(source.fileno(), write_end, 65536):
        while moved:
            moved -= os.splice(read_end, target.fileno(), moved)
copy('a')
thread = threading.Thread(target=copy, args=('b',))
thread.start()
thread.join()
child = os.fork()
if not child:
    copy('c')
    os._exit(0)
raise SystemExit(os.waitpid(child, 0)[1] != 0)
"""
    pathlib.Path('in').write_bytes(os.urandom(1000))
    out, _ = tap.run('explore', '--json', '--output=a', '--output=b', '--output=c',
                     '--max-runs=150', '--', tap.PYTHON, '-c', program, status=1)
    found = json.loads(out)
    assert found['clean']['processes'] == 2 and found['clean']['calls'] == 9, found
    # An exception in a thread does not end the program: it says that all is well.
    wrong = [finding for finding in found['findings'] if finding['verdict'] == 'wrong output']
    assert wrong and all('thread 1' in finding['at'] for finding in wrong), wrong
    assert found['not_tried'] == 0 and found['not_reached'] == 0, found


@tap.test
def only_the_processes_that_are_named():
    pathlib.Path('in').write_bytes(b'x' * 1000)
    good, bad = (SAMPLES / f'sample_{name}' for name in ('careful', 'no_fallback'))
    script = f'{good} in a && {bad} a b'
    tap.run('explore', '--output=b', '--process=sample_careful', '--', 'bash', '-c', script)
    out, _ = tap.run('explore', '--output=b', '--max-runs=20', '--process=sample_no_fallback', '--',
                     'bash', '-c', script, status=1)
    assert 'of sample_no_fallback' in out and 'of sample_careful' not in out, out


@tap.test
def says_why_it_cannot_explore():
    for words, message in (
            (['true'], 'makes no call'),
            (['bash', '-c', f'{tap.PROGRAMS}/relay in out; true'],
             'static program are only if it is the command itself'),
            (['false'], 'fails without any failure (exit status 1)'),
            (['bash', '-c', 'echo $$'], 'differs from run to run'),
            (['--timeout=0.1', 'sleep', '9'], 'longer than --timeout'),
            (['--process=cat', SAMPLES / 'sample_careful', '/proc/version', 'x'],
             'in such a process'),
            (['--max-runs=2', 'true'], 'number from 3'),
            ([], 'no test command')):
        _, err = tap.run('explore', *words, status=125)
        assert message in err, err


@tap.test
def a_static_program_in_a_script():
    """By a shell that is static, it is reached as what the shell starts."""
    pathlib.Path('in').write_bytes(b'x' * 1000)
    out, _ = tap.run('explore', '--max-runs=5', '--', '/bin/busybox', 'sh', '-c',
                     f'{tap.PROGRAMS}/relay in out; true')
    assert 'survived' in out and 'makes no call' not in out, out


@tap.test
def a_file_that_the_test_does_not_write():
    pathlib.Path('in').write_bytes(b'x')
    for jobs, file, missing in ((1, 'wrong', 'wrong'), (2, '{job}.wrong', '1.wrong')):
        out, err = tap.run('explore', f'--jobs={jobs}', '--output={job}.out', f'--output={file}', '--',
                           SAMPLES / 'sample_careful', 'in', '{job}.out', status=125)
        message = f'--output={missing}: the test does not write this file'
        assert out == '' and err.splitlines()[-1].endswith(message), (out, err)


@tap.test
def leaves_nothing_running():
    sample = SAMPLES / 'sample_careful'
    pathlib.Path('in').write_bytes(b'x')
    tap.run('explore', '--max-runs=4', '--', 'bash', '-c',
            f'{sample} in out; setsid sleep 4242.5 & echo')
    for command in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        with contextlib.suppress(OSError):  # it has just ended
            assert command.read_bytes() != b'sleep\x004242.5\x00', command


tap.main()
