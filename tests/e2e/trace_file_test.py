"""ANYSPLICE_TRACE without the command: which files it takes."""

import os
import subprocess

import tap

TRACED = tap.PROGRAMS / 'traced'


@tap.test
def a_file_that_does_not_do():
    environment = {**os.environ, 'LD_PRELOAD': os.environ['E2E_LIBRARY']}
    os.symlink('log', 'link')
    open('log', 'w').close()
    for name in ('link', '/dev/null', 'missing', 'x' * 5000):
        done = subprocess.run([TRACED, 'threads'], env={**environment, 'ANYSPLICE_TRACE': name},
                              stderr=subprocess.PIPE, text=True, timeout=30)
        assert done.returncode == 0, done
        assert done.stderr.startswith('anysplice: ANYSPLICE_TRACE='), done.stderr
    assert os.stat('log').st_size == 0 and not os.path.exists('missing')
    done = subprocess.run([TRACED, 'threads'], env={**environment, 'ANYSPLICE_TRACE': 'log'},
                          stderr=subprocess.PIPE, text=True, timeout=30)
    with open('log') as file:
        assert sum('tee(' in line for line in file) == 24 * 50
    assert done.stderr == '' and done.returncode == 0, done


@tap.test
def the_program_begins_without_an_error():
    open('log', 'w').close()
    for name in ('missing', 'log'):
        environment = {**os.environ, 'LD_PRELOAD': os.environ['E2E_LIBRARY'], 'ANYSPLICE_TRACE': name}
        done = subprocess.run([TRACED, 'errno'], env=environment, stderr=subprocess.PIPE, text=True,
                              timeout=30)
        assert done.returncode == 0, (name, done)


tap.main()
