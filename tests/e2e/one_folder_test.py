"""The command and its objects in one folder, copied from anywhere: which object a program gets, by its
C library. tools/release.sh runs this on what it made, with the real object for musl; where there is
none, one made here stands for it, which tells that it was loaded."""

import os
import pathlib
import shutil
import subprocess

import tap

HERE = pathlib.Path(__file__).resolve().parent
CAT = HERE.parent / 'port' / 'cat.c'
LIBRARY = pathlib.Path(os.environ['E2E_LIBRARY'])
MUSL_LIBRARY = os.environ.get('E2E_MUSL_LIBRARY')
DATA = os.urandom(300000)
STAND_IN = '''
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) { write(2, "loaded\\n", 7); }
'''


def compile(to, *argv, compiler='cc'):
    if shutil.which(compiler) is None:
        raise tap.Skip(f'no {compiler}')
    subprocess.run([compiler, '-O1', '-o', to, *argv], check=True)
    return pathlib.Path(to).resolve()


def folder(*objects):
    """The command in a folder of its own, with these objects."""
    to = pathlib.Path('folder').resolve()
    to.mkdir(exist_ok=True)
    shutil.copy(tap.ANYSPLICE, to / 'anysplice')
    if 'glibc' in objects:
        shutil.copy(LIBRARY, to / 'libanysplice.so')
    if 'musl' in objects and MUSL_LIBRARY:
        shutil.copy(MUSL_LIBRARY, to / 'libanysplice-musl.so')
    elif 'musl' in objects:
        pathlib.Path('stand_in.c').write_text(STAND_IN)
        compile(to / 'libanysplice-musl.so', '-shared', '-fPIC', 'stand_in.c', compiler='musl-gcc')
    return to


def run(where, *argv, status=0):
    """Runs a program with the calls refused; returns what it wrote to stdout and stderr."""
    done = subprocess.run([where / 'anysplice', 'run', '--block', *argv], capture_output=True,
                          timeout=tap.SECONDS, check=False, env={'PATH': '/usr/bin:/bin'})
    assert done.returncode == status, f'exit {done.returncode}: {done.stderr.decode()[-2000:]}'
    return done.stdout, done.stderr.decode()


def carried(where, program):
    pathlib.Path('in').write_bytes(DATA)
    out, _ = run(where, '--stats=stats', '--', program, 'in')
    stats = pathlib.Path('stats').read_text().split('\n')
    assert out == DATA
    assert f'sendfile.engine_bytes {len(DATA)}' in stats and 'processes 1' in stats, stats
    assert 'sendfile.native_bytes 0' in stats, stats


@tap.test
def each_program_gets_the_object_of_its_c_library():
    where = folder('glibc', 'musl')
    carried(where, compile('cat', CAT))
    program = compile('cat_musl', CAT, compiler='musl-gcc')
    if MUSL_LIBRARY:
        carried(where, program)
    else:
        _, err = run(where, '--', program, '/dev/null', status=1)  # the stand-in does nothing more
        assert 'loaded' in err.split('\n') and 'anysplice' not in err, err


@tap.test
def a_script_gets_that_of_its_interpreter():
    where = folder('glibc', 'musl')
    compile('cat_musl', CAT, compiler='musl-gcc')
    pathlib.Path('script').write_text(f'#!{os.getcwd()}/cat_musl\n')
    os.chmod('script', 0o755)
    out, err = run(where, '--', './script', status=0 if MUSL_LIBRARY else 1)
    assert out == pathlib.Path('script').read_bytes() if MUSL_LIBRARY else 'loaded' in err


@tap.test
def without_the_object_for_musl_the_command_carries_out_the_calls():
    program = compile('cat_musl', CAT, compiler='musl-gcc')
    pathlib.Path('in').write_bytes(DATA)
    out, err = run(folder('glibc'), '--', program, 'in')
    assert out == DATA
    assert 'is a program for musl' in err and 'libanysplice-musl.so not found' in err, err


@tap.test
def without_the_object_for_glibc_there_is_a_message():
    program = compile('cat', CAT)
    _, err = run(folder('musl'), '--', program, 'in', status=125)
    assert 'libanysplice.so not found; looked for ' in err, err
    assert f'{os.getcwd()}/folder/libanysplice.so' in err, err


@tap.test
def a_static_program_needs_no_object():
    program = compile('cat_static', '-static', CAT)
    pathlib.Path('in').write_bytes(DATA)
    out, err = run(folder(), '--', program, 'in')
    assert out == DATA
    assert 'is statically linked' in err, err


@tap.test
def doctor_says_whether_the_object_loads():
    where = folder('glibc')
    done = subprocess.run([where / 'anysplice', 'doctor'], capture_output=True, text=True,
                          timeout=tap.SECONDS, check=True, env={'PATH': '/usr/bin:/bin'})
    assert f'{where}/libanysplice.so (loads)' in done.stdout, done.stdout


tap.main()
