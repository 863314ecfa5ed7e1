"""tools/bench/supervised.py: it measures what it says. How much that is has no threshold."""

import pathlib
import re
import subprocess
import sys

import tap

SCRIPT = pathlib.Path(__file__).parents[2] / 'tools' / 'bench' / 'supervised.py'
BUILD = tap.PROGRAMS.parents[1]


@tap.test
def ratios():
    done = subprocess.run([sys.executable, SCRIPT, BUILD, '--pairs=2', '--calls=5000', '--mib=4'],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=tap.SECONDS)
    assert done.returncode == 0 and not done.stderr, done.stderr
    rows = re.findall(r'^  (\S.*?) +(\d+\.\d{3})   (\d+\.\d{3}) to (\d+\.\d{3})$', done.stdout, re.M)
    # The supervised relay splices, and the one beside it copies by itself.
    assert [row[0] for row in rows] == ['getppid', 'read', 'write', 'splice', 'splices / copies',
                                        'splices / copies'], done.stdout
    assert all(0 < float(low) <= float(middle) <= float(high)
               for _, middle, low, high in rows), done.stdout


tap.main()
