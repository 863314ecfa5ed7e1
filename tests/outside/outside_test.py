"""Programs outside of anysplice that are built against an installed tree: by pkg-config, meson and
CMake, in C and C++, with the shared and the static libraries, in both ways of use; and run with the
family refused by the kernel.
"""

import pathlib
import re

import installed
import tap

PROJECT = pathlib.Path(__file__).parent / 'project'
KINDS = ['shared', 'static']
LANGUAGES = {'c': (['cc', '-std=c99'], '.c'), 'cpp': (['c++', '-std=c++11'], '_cpp.cc')}

tree = installed.Tree()


def check(program, way):
    blocked = ['0', '1'] if way == 'explicit' else []
    plain = ['0', '0'] if way == 'explicit' else []
    assert tree.run(program, *plain) == 'ok\n'
    assert tree.run_blocked(program, *blocked) == 'ok\n'


def check_all(folder):
    for way in installed.LIBRARIES:
        for language in LANGUAGES:
            for kind in KINDS:
                program = pathlib.Path(folder, f'{way}_{language}_{kind}').resolve()
                check(program, way)
                linked = installed.run('readelf', '-d', program)
                assert ('[libanysplice' in linked) == (kind == 'shared'), program


@tap.test
def pkg_config():
    for way, library in installed.LIBRARIES.items():
        for language, (compiler, ending) in LANGUAGES.items():
            for kind in KINDS:
                installed.run(*compiler, *installed.WARNINGS, f'{PROJECT}/{way}{ending}',
                              *tree.flags(library, '--cflags'), *tree.link_flags(library, kind),
                              '-o', f'{way}_{language}_{kind}')
    check_all('.')


@tap.test
def meson():
    installed.run('meson', 'setup', 'built', PROJECT, environment=tree.environment)
    installed.run('ninja', '-C', 'built', '-j2')
    check_all('built')


@tap.test
def cmake():
    installed.run('cmake', '-G', 'Ninja', '-B', 'built', '-S', PROJECT,
                  f'-Danysplice_DIR={tree.libraries}/cmake/anysplice')
    installed.run('ninja', '-C', 'built', '-j2')
    check_all('built')


@tap.test
def cmake_refuses_another_series():
    pathlib.Path('CMakeLists.txt').write_text(
        'cmake_minimum_required(VERSION 3.13)\nproject(other C)\n'
        'find_package(anysplice ${WANTED} REQUIRED)\n')
    for wanted, status in {'0.1': 0, '0.2': 1, '1.0': 1}.items():
        installed.run('cmake', '-G', 'Ninja', '-B', wanted, f'-DWANTED={wanted}',
                      f'-Danysplice_DIR={tree.libraries}/cmake/anysplice', status=status)


@tap.test
def fully_static():
    installed.run('cc', '-static', '-std=c99', *installed.WARNINGS, f'{PROJECT}/explicit.c',
                  *tree.flags('anysplice-api', '--cflags'),
                  *tree.flags('anysplice-api', '--static', '--libs'), '-o', 'program')
    check('./program', 'explicit')


@tap.test
def one_engine_where_both_libraries_are():
    build = ['cc', '-std=c99', f'{PROJECT}/explicit.c',
             *tree.flags('anysplice-api', '--cflags')]
    # Preloaded, the interposing library answers in place of the other one.
    installed.run(*build, *tree.link_flags('anysplice-api', 'shared'), '-o', 'shared')
    assert tree.run_blocked('./shared', '1', '1', options=()) == 'ok\n'
    counted = tree.run_blocked('./shared', '1', '1', options=('--stats',))
    assert re.search(r'^splice\.engine_bytes [1-9]', counted, re.M), counted
    # A program with an engine of its own is still right.
    installed.run(*build, *tree.link_flags('anysplice-api', 'static'), '-o', 'static')
    assert tree.run_blocked('./static', '0', '0', options=()) == 'ok\n'
    # Linked and preloaded it is loaded once.
    installed.run('cc', f'{PROJECT}/interposing.c',
                  *tree.flags('anysplice', '--cflags', '--libs'), '-o', 'linked')
    loaded = installed.run(tree.command, 'run', '--', 'env', 'LD_TRACE_LOADED_OBJECTS=1',
                           './linked', environment=tree.environment)
    assert loaded.count('libanysplice.so') == 1, loaded


@tap.test
def the_wrong_library_preloaded():
    line = ('anysplice: libanysplice-api.so does nothing when preloaded; '
            'preload libanysplice.so instead\n')
    api, interposing = tree.libraries / 'libanysplice-api.so.0', tree.libraries / 'libanysplice.so.0'
    linked = ['cc', '-std=c99', f'{PROJECT}/explicit.c', *tree.flags('anysplice-api', '--cflags')]
    installed.run(*linked, *tree.link_flags('anysplice-api', 'shared'), '-o', 'shared')
    installed.run(*linked, *tree.link_flags('anysplice-api', 'static'), '-o', 'static')

    def said(program, preloaded, *argv):
        return installed.run(program, *argv, environment={**tree.environment,
                                                          'LD_PRELOAD': preloaded})

    pathlib.Path('libanysplice-api.so').mkdir()
    other = './libanysplice-api.so/other.so'
    installed.run('cc', '-shared', '-x', 'c', '/dev/null', '-o', other)
    # Once, however it is named, and whatever else the program has of the library.
    for preloaded in (str(api), 'libanysplice-api.so.0', 'libanysplice-api.so',
                      f'{other}:{api}', f'{other} {api} ', f':{api}:{api}'):
        assert said('/bin/true', preloaded) == line, preloaded
    assert said('./static', str(api), '0', '0') == line + 'ok\n'
    # Behind the right one, which then answers for both, or only linked with, it is not wrong.
    assert said('/bin/true', f'{interposing}:{api}') == ''
    for harmless in ('', other):
        assert said('./shared', harmless, '0', '0') == 'ok\n', harmless


def section(document, title):
    return (installed.SOURCE / document).read_text().split(f'\n## {title}\n')[1].split('\n## ')[0]


def block(text, language):
    found, = re.findall(rf'```{language}\n(.*?)```', text, re.S)
    return found


README = section('README.md', 'As a library')


def check_copies(program):
    pathlib.Path('in').write_bytes(bytes(range(256)) * 1000)
    tree.run_blocked('sh', '-c', f'{program} < in > out')
    assert pathlib.Path('out').read_bytes() == pathlib.Path('in').read_bytes()


@tap.test
def the_readme_example():
    pathlib.Path('program.c').write_text(block(README, 'c'))
    command, = re.findall(r'^    (cc .*)$', README, re.M)
    installed.run('sh', '-c', command, environment=tree.environment)
    check_copies('./program')
    # The environment is heeded.
    for mode, status in {'emulate': 0, 'absent': 1}.items():
        installed.run('sh', '-c', './program < in > out', status=status,
                      environment={**tree.environment, 'ANYSPLICE_MODE': mode})


@tap.test
def the_examples_for_porting():
    porting = section('docs/porting.md', '3. Link')
    for name, text in {'copy.c': block(porting, 'c'), 'copy_explicit.c': block(README, 'c'),
                       'meson.build': block(porting, 'meson'),
                       'CMakeLists.txt': block(porting, 'cmake')}.items():
        pathlib.Path(name).write_text(text)
    for command in re.findall(r'^    (cc .*)$', porting, re.M):
        installed.run('sh', '-c', command, environment=tree.environment)
    installed.run('meson', 'setup', 'by_meson', environment=tree.environment)
    installed.run('ninja', '-C', 'by_meson')
    installed.run('cmake', '-G', 'Ninja', '-B', 'by_cmake',
                  f'-Danysplice_DIR={tree.libraries}/cmake/anysplice')
    installed.run('ninja', '-C', 'by_cmake')
    for folder in ('.', 'by_meson', 'by_cmake'):
        check_copies(f'{folder}/copy')
        check_copies(f'{folder}/copy_explicit')


tap.main()
