"""The engine under test: Linux's, or that of -Dplatform=posix where E2E_POSIX names the list of what
is known to fail with it (known_failures.py)."""

import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from known_failures import KnownFailures

_LIST = os.environ.get('E2E_POSIX')
NATIVE = not _LIST  # whether it can leave calls to the kernel
KNOWN = KnownFailures(_LIST, pathlib.Path(sys.argv[0]).stem.removesuffix('_test'))
