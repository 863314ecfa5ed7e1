"""Programs whose calls do not go through a shared C library, and how each is told apart from one
that failed. All read the file `in`."""

import dataclasses
import functools
import hashlib
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

import go_programs
import tap


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix='anysplice-musl.')


@functools.cache
def relay_with_musl():
    path = f'{_folder().name}/relay'
    subprocess.run(['musl-gcc', '-static', '-x', 'c++', '-fno-exceptions', '-fno-rtti',
                    pathlib.Path(__file__).parent / 'programs' / 'relay.cc', '-o', path], check=True,
                   stdin=subprocess.DEVNULL, timeout=60)
    return path


def sends(out, data):
    assert out.strip() == hashlib.sha256(data).hexdigest(), out
    return ''


def relays(out, data):
    assert pathlib.Path('out').read_bytes() == data, out
    return out.strip()


def writes(out, data):
    assert pathlib.Path('copy').read_bytes() == data, out
    return ''


@dataclasses.dataclass
class Program:
    name: str
    argv: Callable  # returns its command line
    check: Callable  # of what it printed and the data: fails, or returns what it says it did
    call: str  # that moves all of it
    options: tuple = ()  # of `anysplice run`, for its calls to be seen
    shared: bool = False  # it loads shared libraries


PROGRAMS = [
    Program('static relay', lambda: [tap.PROGRAMS / 'relay', 'in', 'out'], relays, 'splice'),
    Program('static relay with musl', lambda: [relay_with_musl(), 'in', 'out'], relays, 'splice'),
    Program('relay by Go', lambda: [go_programs.built('relay'), 'in'], sends, 'splice'),
    Program('relay by Go with cgo', lambda: [go_programs.built('relay', 1), 'in'], sends, 'splice',
            shared=True),
    Program('file server by Go', lambda: [go_programs.built('file_server'), 'in'], sends,
            'sendfile'),
    Program('file server by Go with cgo', lambda: [go_programs.built('file_server', 1), 'in'], sends,
            'sendfile', shared=True),
    Program('busybox', lambda: ['/bin/busybox', 'cp', 'in', 'copy'], writes, 'sendfile'),
]
if (tap.PROGRAMS / 'relay_own_calls').exists():
    PROGRAMS.append(Program('relay by instructions of its own',
                            lambda: [tap.PROGRAMS / 'relay_own_calls', 'in', 'out'], relays,
                            'splice', ('--supervise',), shared=True))
