"""programs/relay.go, as several tests need it."""

import functools
import os
import pathlib
import subprocess
import tempfile


@functools.cache
def built_by_go(cgo=0):
    """The folder with `relay`, static but with cgo; it goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix='anysplice-go.')
    source = pathlib.Path(__file__).parent / 'programs' / 'relay.go'
    environment = {**os.environ, 'CGO_ENABLED': str(cgo), 'GOCACHE': f'{folder.name}/cache',
                   'GO111MODULE': 'off', 'GOFLAGS': '-p=2'}
    subprocess.run(['go', 'build', '-o', f'{folder.name}/relay', source], env=environment,
                   check=True, stdin=subprocess.DEVNULL, timeout=200)
    return folder
