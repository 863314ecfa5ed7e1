"""The two programs as musl has them, with the preload object and with the calls refused by the
kernel. By hand: tools/cross_zig.sh.

usage: musl_test.py LIBRARY, in the environment E2E_ANYSPLICE: the command
"""

import pathlib
import subprocess
import sys

import checks
import tap

HERE = pathlib.Path(__file__).parent
LIBRARY = pathlib.Path(sys.argv[1]).resolve()
WITH = ('env', f'LD_PRELOAD={LIBRARY}')


def build(program):
    to = pathlib.Path(f'{program}_musl').resolve()
    subprocess.run(['musl-gcc', '-O1', HERE / f'{program}.c', '-o', to], check=True)
    return to


@tap.test
def cat():
    program = build('cat')
    checks.cat_fails(program)
    checks.cat(*WITH, program)


@tap.test
def relay():
    checks.relay(*WITH, build('relay'))


@tap.test
def without_rings():
    checks.cat(*WITH, 'ANYSPLICE_RINGS=off', build('cat'))


tap.main()
