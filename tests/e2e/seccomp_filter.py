"""Runs a program under a seccomp filter, made by libseccomp:

    seccomp_filter.py ACTION CALL[,CALL]... PROGRAM [ARGUMENT]...
        the calls get ACTION: kill-process, kill-thread, trap, or the number of an error
    seccomp_filter.py ACTION @FILE PROGRAM [ARGUMENT]...
        calls that are not named in FILE, one a line, get ACTION
    seccomp_filter.py profile FILE PROGRAM [ARGUMENT]...
        what a container's profile (JSON) does to its calls
"""

import ctypes
import errno
import json
import os
import pathlib
import platform
import sys

ALLOW = 0x7fff0000
ACTIONS = {'kill-process': 0x80000000, 'kill-thread': 0, 'trap': 0x00030000}
OF_PROFILE = {'SCMP_ACT_ALLOW': ALLOW, 'SCMP_ACT_KILL': 0, 'SCMP_ACT_KILL_PROCESS': 0x80000000,
              'SCMP_ACT_TRAP': 0x00030000}
GRANTED = {'CAP_SYS_CHROOT'}
COMPARISONS = {f'SCMP_CMP_{name}': number for number, name in
               enumerate(('NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'), 1)}


class Argument(ctypes.Structure):
    _fields_ = [('index', ctypes.c_uint), ('comparison', ctypes.c_int),
                ('value', ctypes.c_uint64), ('second', ctypes.c_uint64)]


seccomp = ctypes.CDLL('libseccomp.so.2')
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_init.argtypes = [ctypes.c_uint32]
seccomp.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int,
                                           ctypes.c_uint, ctypes.c_void_p]
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]


def error_action(number):
    return 0x00050000 | number


class Filter:
    def __init__(self, otherwise):
        self.otherwise = otherwise
        self.context = seccomp.seccomp_init(otherwise)

    def add(self, action, name, arguments=()):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number == -1 or action == self.otherwise:  # unknown here, or nothing new
            return
        array = (Argument * len(arguments))(*arguments)
        problem = seccomp.seccomp_rule_add_array(self.context, action, number, len(arguments), array)
        if problem not in (0, -errno.EDOM):  # a call that this processor has not
            raise OSError(-problem, f'{name}: {os.strerror(-problem)}')

    def load(self):
        if problem := seccomp.seccomp_load(self.context):
            raise OSError(-problem, os.strerror(-problem))


def from_profile(profile):
    """Of what depends on capabilities, takes what podman gives to a container."""
    processor = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine())

    def action(name, number):
        return OF_PROFILE[name] if name in OF_PROFILE else error_action(number)

    made = Filter(action(profile['defaultAction'],
                         profile.get('defaultErrnoRet', errno.EPERM)))
    for rule in profile['syscalls']:
        includes = rule.get('includes') or {}
        excludes = rule.get('excludes') or {}
        if not set(includes.get('caps', ())) <= GRANTED or set(excludes.get('caps', ())) & GRANTED \
                or processor not in includes.get('arches', [processor]):
            continue
        arguments = [Argument(each['index'], COMPARISONS[each['op']], each['value'],
                              each.get('valueTwo', 0)) for each in rule.get('args') or ()]
        for name in rule['names']:
            made.add(action(rule['action'], rule.get('errnoRet', errno.EPERM)), name, arguments)
    return made


def main(action, calls, *program):
    if action == 'profile':
        made = from_profile(json.loads(pathlib.Path(calls).read_text()))
    else:
        action = ACTIONS[action] if action in ACTIONS else error_action(int(action))
        if calls.startswith('@'):
            made = Filter(action)
            for name in pathlib.Path(calls[1:]).read_text().split():
                made.add(ALLOW, name)
        else:
            made = Filter(ALLOW)
            for name in calls.split(','):
                made.add(action, name)
    made.load()
    os.execvp(program[0], program)


if __name__ == '__main__':
    main(*sys.argv[1:])
