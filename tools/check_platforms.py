#!/usr/bin/env python3
"""Checks that only core/sys and shim name a platform, and that the POSIX engine stays one.

usage: check_platforms.py SOURCE_ROOT

 1. No file outside core/sys and shim has a macro that names a system, a machine or a C library.
 2. Calls beyond POSIX (core/sys/host_calls.def) are made outside core/sys/linux and shim only
    between #ifdef ANYSPLICE_HOST_NAME and its #endif, where a program's own call is passed on;
    those of core/sys/linux/calls.def nowhere else at all.
 3. core/sys/posix includes no header of one system.
Exit status 0 if all holds.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
PLATFORM = re.compile(
    r'\b(__linux__|__linux|__gnu_linux__|__APPLE__|__MACH__|__(?:Free|Net|Open)BSD__|__DragonFly__'
    r'|__sun|__CYGWIN__|__ANDROID__|__GLIBC__|__GLIBC_PREREQ|__GLIBC_MINOR__|__MUSL__|__x86_64__'
    r'|__amd64__|__i386__|__aarch64__|__arm__|__riscv|__s390x?__|__powerpc(?:64)?__|__PPC(?:64)?__'
    r'|__BYTE_ORDER__|__LP64__|ANYSPLICE_POSIX)\b')
LINUX_HEADER = re.compile(r'#\s*include\s*<(linux/|asm/|sys/(epoll|eventfd|vfs|statfs|syscall|prctl|'
                          r'sendfile|event|sysmacros|pipe)\.h|ucontext\.h)')
# Tests that need instructions of one machine: system calls that nobody can see, and stepping through
# a function.
EXEMPT = {'tests/e2e/programs/askers.cc', 'tests/e2e/programs/own_call.h',
          'tests/hazards/dispositions.cc', 'tests/hazards/hazard.cc',
          'tests/unit/page_pool_test.cc'}

problems = []


def names_in(table):
    text = (ROOT / table).read_text()
    return re.findall(r'^SYS(?:_\w+)?\([^,]+, (\w+)', text, re.M)


def check(path, name, host, linux):
    inside = []
    for number, line in enumerate(path.read_text(errors='replace').splitlines(), 1):
        where = f'{name}:{number}'
        directive = re.match(r'\s*#\s*(if|ifdef|ifndef|endif)\b(.*)', line)
        if directive:
            if directive.group(1) == 'endif':
                if inside:
                    inside.pop()
            else:
                inside.append(line)
        if name not in EXEMPT and not name.startswith(('core/sys/', 'shim/')):
            for macro in PLATFORM.findall(line):
                problems.append(f'{where}: names a platform: {macro}')
        if name.startswith('core/sys/posix/') and LINUX_HEADER.search(line):
            problems.append(f'{where}: a header of one system: {line.strip()}')
        if not name.startswith('core/') or name.startswith('core/sys/linux/'):
            continue
        for call in re.findall(r'\bsys->(\w+)', line):
            if call in linux:
                problems.append(f'{where}: {call} is for core/sys/linux')
            guard = f'ANYSPLICE_HOST_{call.upper()}'
            if call in host and not any(guard in outer for outer in inside):
                problems.append(f'{where}: {call} outside of #ifdef {guard}')


def main():
    host = set(names_in('core/sys/host_calls.def'))
    linux = set(names_in('core/sys/linux/calls.def'))
    files = [p for folder in ('core', 'tools', 'tests') for p in sorted((ROOT / folder).rglob('*'))
             if p.suffix in ('.cc', '.h', '.def', '.c')]
    for path in files:
        check(path, path.relative_to(ROOT).as_posix(), host, linux)
    for problem in problems:
        print(problem)
    print(f'{len(files)} files, {len(host)} calls of the host, {len(linux)} of Linux, '
          f'{len(problems)} problems')
    return 1 if problems or not files or not host or not linux else 0


sys.exit(main())
