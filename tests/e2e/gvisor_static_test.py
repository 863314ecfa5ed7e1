"""Programs that no library can be loaded into, inside gVisor, where nothing can be supervised: they
run, and what is missing is told."""

import hashlib
import os
import pathlib
import subprocess
import sys

import go_programs
import gvisor
import tap

SANDBOX, REASON = gvisor.find_sandbox()
if not SANDBOX:
    print(f'1..0 # SKIP gVisor does not start here: {" ".join(REASON.split())}')
    sys.exit()


def inside(*words, status=0):
    """stdout and stderr, of which gVisor makes one."""
    done = subprocess.run([*SANDBOX, tap.ANYSPLICE, *map(str, words)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=gvisor.SECONDS)
    assert done.returncode == status, f'exit {done.returncode}: {done.stdout} {done.stderr}'
    return done.stdout + done.stderr


@tap.test
def go_programs_run_without_statistics():
    source = pathlib.Path('in').absolute()
    source.write_bytes(os.urandom(1 << 20))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    for cgo in 0, 1:
        program = go_programs.built('relay', cgo)
        said = inside('run', '--stats', '--', program, source)
        assert digest in said, said
        assert 'cannot be supervised' in said and 'so there are no statistics' in said, said
        said = inside('run', '--inject=splice:eagain=1', '--', program, source, status=125)
        assert 'cannot be supervised' in said, said


tap.main()
