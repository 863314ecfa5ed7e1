"""Two programs written for Linux, built unchanged with the headers of a system that lacks the calls,
linked with the library of -Dplatform=posix, and run with the calls refused by the kernel.
"""

import os
import pathlib

import checks
import installed
import lacking
import tap

HERE = pathlib.Path(__file__).parent

tree = installed.Tree()
scratch = pathlib.Path(tree.root, 'port')
system = lacking.make(scratch / 'include')


def posix_library():
    """A folder with the libraries; they are kept between runs."""
    if os.environ['OUTSIDE_PLATFORM'] == 'posix':
        return installed.BUILD / 'shim'
    folder = installed.BUILD / 'tests' / 'port' / 'posix'
    if not (folder / 'build.ninja').exists():
        installed.run('meson', 'setup', folder, installed.SOURCE, '-Dplatform=posix',
                      '-Dtests=false', '-Dtools=false')
    installed.run('meson', 'compile', '-j2', '-C', folder, 'libanysplice.a',
                  'anysplice:shared_library')
    return folder / 'shim'


def build(program, kind, options):
    """Returns the path of a program; nothing in its source is changed."""
    to = scratch / f'{program}_{kind}'
    library = ['-lanysplice']
    if kind == 'static':
        library = ['-Wl,-Bstatic', *library, '-Wl,-Bdynamic', '-ldl']
    installed.run('cc', *installed.WARNINGS, '-Wno-pedantic', *options, HERE / f'{program}.c',
                  *tree.flags('anysplice', '--cflags'), f'-L{libraries}',
                  f'-Wl,-rpath,{libraries}', *library, '-o', to)
    return to


libraries = posix_library()
programs = [{name: build(name, kind, system) for name in ('cat', 'relay')}
            for kind in ('shared', 'static')]
programs.append({name: build(name, 'on_linux', []) for name in ('cat', 'relay')})


@tap.test
def without_the_library_they_do_not_link_or_fail():
    installed.run('cc', *system, *tree.flags('anysplice', '--cflags'), HERE / 'cat.c',
                  '-o', 'cat', status=1)  # anysplice_sendfile
    installed.run('cc', HERE / 'cat.c', '-o', 'cat')
    checks.cat_fails('./cat')


@tap.test
def cat():
    for program in programs:
        checks.cat(program['cat'])


@tap.test
def relay():
    for program in programs:
        checks.relay(program['relay'])


tap.main()
