#!/usr/bin/env python3
"""Checks the order of the house: what includes what, how long files are, how headers begin.

usage: house.py SOURCE_ROOT

 1. A file of core/ includes only files of its own floor and of lower ones, shim/ and tools/ only
    what is below them; within a floor of core/, files do not include each other in a circle. Of
    core/, tools/ includes only the headers listed below.
 2. No source file is longer than 300 lines, except those listed below with a reason.
 3. Every header of core/ and shim/ opens with a comment that says what it is for, and whether
    threads and signal handlers may use it, except those listed below with a reason.
 4. Each line that tools/mutants.sh plants a bug in is there.
An exception that is no longer needed is an error as well. Exit status 0 if all holds.
"""
import pathlib
import posixpath
import re
import sys

# Lowest first. What is in core/sys/linux and core/sys/posix belongs to sys.
CORE_FLOORS = ['base', 'sys', 'policy', 'telemetry', 'memory', 'fd', 'pipe', 'transfer', 'inject',
               'calls', 'api']
ABOVE_CORE = ['shim', 'tools', 'tests']
FLOORS = CORE_FLOORS + ABOVE_CORE
# What programs include: <anysplice/...> is found in these, and they include no other file of ours.
PUBLIC = ('core/include/', 'core/sys/include/')

# What the command uses of the engine: the calls, and what both have to agree on (core/README.md).
TOOLS_USE = {
    'core/api/for_others.h',
    'core/api/settings.h',
    'core/base/errno_names.h',
    'core/calls/engine.h',
    'core/fd/own_description.h',
    'core/inject/control.h',
    'core/inject/journal.h',
    'core/inject/replay.h',
    'core/inject/spec.h',
    'core/memory/fault_guard.h',
    'core/memory/lasting_memory.h',
    'core/policy/mode.h',
    'core/sys/deferral.h',
    'core/sys/say.h',
    'core/sys/splice_flags.h',
    'core/sys/supervisor.h',
    'core/sys/sys.h',
    'core/telemetry/counters.h',
    'core/telemetry/findings.h',
    'core/telemetry/trace.h',
}

MOST_LINES = 300
# FILE: why it is longer.
LONG = {
    'core/sys/linux/signal_actions.cc': 'one table of actions and its two sides, the kernel and the program',
    'core/transfer/into_pipe.cc': 'files, messages and devices share the rules for room in a pipe',
    'tests/hazards/answers.cc': 'a list of cases, each on its own',
}

SAFETY = re.compile(r'\b(threads?|signals?|async|wait-free|lock-free)\b', re.I)
# HEADER: why it need not speak of threads and signals.
SILENT = {
    'core/include/anysplice/linux/fcntl.h': 'declares nothing, includes splice.h',
    'core/include/anysplice/linux/sys/sendfile.h': 'declares nothing, includes splice.h',
    'core/sys/splice_flags.h': 'constants',
    'core/sys/host.h': 'constants',
    'core/sys/include/anysplice/system.h': 'constants and a type',
    'core/sys/page.h': 'constants',
    'core/sys/platform.h': 'a constant',
    'core/telemetry/settle_reason.h': 'constants',
}

MUTANTS = 'tools/mutants.txt'
SOURCES = {'.c', '.cc', '.h', '.py', '.sh'}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


class House:
    """The source files below a root, and what is wrong with them."""

    def __init__(self, root, long=None, silent=None):
        self.root = pathlib.Path(root)
        self.long = LONG if long is None else long
        self.silent = SILENT if silent is None else silent
        self.names = sorted(path.relative_to(self.root).as_posix()
                            for top in ('core', *ABOVE_CORE)
                            for path in (self.root / top).rglob('*') if path.is_file())
        self.problems = []

    def text(self, name):
        return (self.root / name).read_text(errors='replace')

    def check(self):
        self.check_includes()
        self.check_lengths()
        self.check_headers()
        self.check_planted_bugs()
        return self.problems

    def check_includes(self):
        graph = {}
        for name in self.names:
            if not name.endswith(('.c', '.cc', '.h', '.def')) or name.startswith(PUBLIC):
                continue
            floor = floor_of(name)
            if floor is None:
                self.problems.append(f'{name}: is on no floor')
                continue
            for included in self.included(name):
                other = floor_of(included)
                if floor == 'tools' and other in CORE_FLOORS and included not in TOOLS_USE:
                    self.problems.append(f'{name}: includes {included}, which is not among those '
                                         'of core/ that tools/ may use')
                elif other is None:
                    self.problems.append(f'{name}: includes {included}, which is on no floor')
                elif FLOORS.index(other) > FLOORS.index(floor):
                    self.problems.append(f'{name}: includes {included}, upwards from {floor} to '
                                         f'{other}')
                elif other == floor and floor in CORE_FLOORS and unit_of(included) != unit_of(name):
                    graph.setdefault(unit_of(name), set()).add(unit_of(included))
        for circle in circles(graph):
            self.problems.append('a circle of includes: ' + ' -> '.join(circle))

    def included(self, name):
        """The files of ours that a file includes, by their paths from the root."""
        for written in INCLUDE.findall(self.text(name)):
            if written.startswith(tuple(f'{top}/' for top in ('core', *ABOVE_CORE))):
                yield written
                continue
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(name), written))
            if (self.root / beside).is_file():
                yield beside

    def check_lengths(self):
        listed = set(self.long)
        for name in self.names:
            if pathlib.PurePosixPath(name).suffix not in SOURCES:
                continue
            lines = self.text(name).count('\n')
            if lines <= MOST_LINES:
                continue
            if name in listed:
                listed.remove(name)
            else:
                self.problems.append(f'{name}: {lines} lines, more than {MOST_LINES}')
        for name in sorted(listed):
            self.problems.append(f'{name}: listed as long, and is not')

    def check_headers(self):
        listed = set(self.silent)
        for name in self.names:
            if not name.startswith(('core/', 'shim/')) or not name.endswith('.h'):
                continue
            opening = opening_comment(self.text(name))
            if not re.search(r'\w', opening):
                self.problems.append(f'{name}: does not open with a comment of its purpose')
            elif SAFETY.search(opening) is None:
                if name in listed:
                    listed.remove(name)
                else:
                    self.problems.append(f'{name}: does not say in its opening comment whether '
                                         'threads and signal handlers may use it')
        for name in sorted(listed):
            self.problems.append(f'{name}: listed as silent on threads and signals, and is not')


    def check_planted_bugs(self):
        """Each line that tools/mutants.sh would change is there."""
        if MUTANTS not in self.names:
            return
        for bug in self.text(MUTANTS).split('\n\n'):
            said = dict(re.findall(r'^(name|file|from): (.*)$', bug, re.M))
            if not said:
                continue
            where = said['file']
            if where not in self.names or said['from'].replace('\\n', '\n') not in self.text(where):
                self.problems.append(f'{MUTANTS}: {said["name"]}: nothing like that in {where}')


def floor_of(name):
    """The floor of a file, by its path; None if it is on none."""
    top, _, rest = name.partition('/')
    if top in ABOVE_CORE:
        return top
    floor, slash, _ = rest.partition('/')
    return floor if slash and floor in CORE_FLOORS else None


def unit_of(name):
    """foo.h and foo.cc are one."""
    return name.rpartition('.')[0]


def opening_comment(text):
    match = re.match(r'(?://[^\n]*\n)+|/\*.*?\*/', text, re.S)
    return match.group() if match else ''


def circles(graph):
    """Circles in a graph {node: nodes}, each once: enough of them to cut all."""
    found, done = [], set()

    def visit(node, path):
        if node in path:
            found.append(path[path.index(node):] + [node])
            return
        if node in done:
            return
        for other in sorted(graph.get(node, ())):
            visit(other, path + [node])
        done.add(node)

    for node in sorted(graph):
        visit(node, [])
    return found


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    house = House(sys.argv[1])
    if not house.names:
        sys.exit(f'{sys.argv[1]}: no sources here')
    problems = house.check()
    for problem in problems:
        print(problem)
    print(f'{len(house.names)} files, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
