"""What the libraries define: exactly what is written down, and the explicit one nothing of libc's."""

import os
import re

import installed
import tap

tree = installed.Tree()
library_map = (installed.SOURCE / 'core/api/anysplice.map').read_text()
api = set(re.findall(r'^ +(anysplice_\w+);', library_map, re.M))
table = set(re.findall(r'^ +(\w+);', (installed.BUILD / 'shim/exports.map').read_text(), re.M))


def symbols(file, *options):
    """The defined symbols, by name, with their versions if they have any."""
    lines = installed.run('nm', '--defined-only', *options, file).splitlines()
    return {line.split()[2] for line in lines if len(line.split()) == 3}


def dynamic(name):
    return symbols(tree.libraries / name, '-D')


def libc():
    line, = [line for line in installed.run('ldd', tree.command).splitlines() if 'libc.so' in line]
    return {name.split('@')[0] for name in symbols(line.split()[2], '-D')}


@tap.test
def the_header_declares_the_list():
    header = (tree.headers / 'anysplice/splice.h').read_text()
    code = re.sub(r'/\*.*?\*/', '', header, flags=re.S)
    declared = set(re.findall(r'\b(anysplice_\w+)\(', code))
    assert declared == api, declared ^ api


@tap.test
def the_explicit_library_exports_the_list():
    expected = {f'{name}@@ANYSPLICE_0' for name in api} | {'ANYSPLICE_0'}
    found = dynamic('libanysplice-api.so.0')
    assert found == expected, found ^ expected


@tap.test
def the_explicit_libraries_take_nothing_of_libc():
    taken = {name.split('@')[0] for name in dynamic('libanysplice-api.so.0')}
    taken |= symbols(tree.libraries / 'libanysplice-api.a', '-g')
    assert not taken & libc(), taken & libc()
    # Whatever else the static one has is C++, in a namespace of its own.
    others = {name for name in symbols(tree.libraries / 'libanysplice-api.a', '-g')
              if not re.match(r'anysplice_|_ZN?K?9anysplice', name)}
    assert not others, others


@tap.test
def the_interposing_library_exports_table_and_list():
    found = dynamic('libanysplice.so.0')
    assert api < table and {'splice', 'read', 'poll', 'close'} < table
    # Without versions: libc's names must be found whatever version is asked for.
    assert found == table, found ^ table


@tap.test
def the_static_interposing_library_defines_the_same():
    found = symbols(tree.libraries / 'libanysplice.a', '-g')
    assert table < found, table - found
    others = {name for name in found - table if not re.match(r'anysplice_|_ZN?K?9anysplice', name)}
    assert not others, others


@tap.test
def nothing_is_initialized_at_each_start():
    """Tables are constant: every exec pays for what a constructor touches."""
    names = installed.run('nm', tree.libraries / 'libanysplice.so.0')
    assert ' _DYNAMIC\n' in names, 'stripped: nothing can be seen'
    made = re.findall(r'\S*_GLOBAL__sub_I\S*', names)
    assert not made, made


@tap.test
def libc_is_all_they_need():
    for name in ('libanysplice-api.so.0', 'libanysplice.so.0'):
        entries = installed.run('readelf', '-d', tree.libraries / name)
        needed = re.findall(r'\(NEEDED\).*\[(.*)\]', entries)
        assert all(re.match(r'libc\.so', file) for file in needed), needed
        soname, = re.findall(r'\(SONAME\).*\[(.*)\]', entries)
        assert soname == name, soname
        assert os.path.islink(tree.libraries / name.removesuffix('.0'))


tap.main()
