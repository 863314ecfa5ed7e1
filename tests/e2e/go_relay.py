"""programs/relay.go, built."""

import functools
import os
import pathlib
import subprocess
import tempfile


@functools.cache
def _folder(cgo):
    folder = tempfile.TemporaryDirectory(prefix='anysplice-go.')
    source = pathlib.Path(__file__).parent / 'programs' / 'relay.go'
    environment = {**os.environ, 'CGO_ENABLED': str(cgo), 'GOCACHE': f'{folder.name}/cache',
                   'GO111MODULE': 'off', 'GOFLAGS': '-p=2'}
    subprocess.run(['go', 'build', '-o', f'{folder.name}/relay', source], env=environment,
                   check=True, stdin=subprocess.DEVNULL, timeout=200)
    return folder


def built(cgo=0):
    """Its path; static but with cgo. It goes with this process."""
    return f'{_folder(cgo).name}/relay'
