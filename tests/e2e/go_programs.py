"""The Go programs in programs/, built."""

import functools
import os
import pathlib
import subprocess
import tempfile


@functools.cache
def _folder():
    return tempfile.TemporaryDirectory(prefix='anysplice-go.')


@functools.cache
def built(name, cgo=0):
    """The path of a program, or of a test (*_test); static but with cgo. It goes with this process."""
    folder = _folder().name
    source = pathlib.Path(__file__).parent / 'programs' / f'{name}.go'
    environment = {**os.environ, 'CGO_ENABLED': str(cgo), 'GOCACHE': f'{folder}/cache',
                   'GO111MODULE': 'off', 'GOFLAGS': '-p=2'}
    how = ['test', '-c'] if name.endswith('_test') else ['build']
    path = f'{folder}/cgo/{name}' if cgo else f'{folder}/{name}'
    subprocess.run(['go', *how, '-o', path, source], env=environment, check=True,
                   stdin=subprocess.DEVNULL, timeout=200)
    return path
