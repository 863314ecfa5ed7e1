"""When the library shares memory with related processes, and which objects it loads (docs/security.md)."""

import os
import shutil
import subprocess

import tap

# Looks at the bytes of a pipe, forks, looks again, and forks again. Prints how many writable shared
# mappings there are before the first fork, after it, in the first child, and in the second.
FORKS = """
import ctypes, os
calls = ctypes.CDLL(None, use_errno=True)
def look():
    a, b = os.pipe(), os.pipe()
    os.write(a[1], b'abc')
    calls.tee(a[0], b[1], 3, 0)
    assert os.read(a[0], 3) == b'abc'
def shared():
    with open('/proc/self/maps') as maps:
        return sum(line.split()[1].startswith('rw') and line.split()[1][3] == 's' for line in maps)
def forked():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b'%d' % shared())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(reader, 9))
look()
before = shared()
first = forked()
after = shared()
print(before, after, first, forked())
"""


def mappings(*options):
    out, _ = tap.run('run', *options, '--', tap.PYTHON, '-c', FORKS)
    return tuple(map(int, out.split()))


@tap.test
def none_before_a_fork():
    before, after, *_ = mappings('--mode=emulate')
    assert before == 0 and after > 0, (before, after)


@tap.test
def one_for_all_and_one_for_each_child():
    _, after, first, second = mappings('--mode=emulate')
    assert (after, first, second) == (2, 2, 2), (after, first, second)


@tap.test
def none_in_the_modes_that_carry_nothing():
    for mode in ('native', 'absent'):
        assert mappings(f'--mode={mode}') == (0, 0, 0, 0), mode


@tap.test
def none_in_auto_where_the_kernel_carries():
    assert mappings('--mode=auto') == (0, 0, 0, 0)
    before, after, *_ = mappings('--mode=auto', '--block=ENOSYS')
    assert before == 0 and after > 0, (before, after)


# The objects in the folders that everybody names are not taken.
@tap.test
def the_log_library_comes_from_the_librarys_own_folder():
    library = os.environ['E2E_LIBRARY']
    log = os.path.join(os.path.dirname(library), 'libanysplice-log.so')
    shutil.copy(log, '.')
    open('trace', 'w').close()
    done = subprocess.run(
        [tap.PYTHON, '-c', 'print(open("/proc/self/maps").read())'], capture_output=True, text=True,
        env={**os.environ, 'LD_PRELOAD': library, 'LD_LIBRARY_PATH': os.getcwd(),
             'ANYSPLICE_TRACE': os.path.abspath('trace')}, check=True)
    loaded = {line.split()[-1] for line in done.stdout.splitlines() if 'libanysplice-log' in line}
    assert loaded == {os.path.realpath(log)}, loaded


@tap.test
def no_object_is_loaded_unasked():
    def objects(environment):
        done = subprocess.run([tap.PYTHON, '-c', 'print(open("/proc/self/maps").read())'],
                              capture_output=True, text=True, check=True,
                              env={**os.environ, **environment})
        return {line.split()[-1] for line in done.stdout.splitlines() if '.so' in line}
    library = os.environ['E2E_LIBRARY']
    for mode in ('auto', 'emulate'):
        more = objects({'LD_PRELOAD': library, 'ANYSPLICE_MODE': mode}) - objects({})
        assert more == {os.path.realpath(library)}, more


tap.main()
