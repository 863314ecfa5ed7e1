"""tools/bench/programs.py: it measures what it says. How much that is has no threshold."""

import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import tap

SCRIPT = pathlib.Path(__file__).parents[2] / 'tools' / 'bench' / 'programs.py'
BUILD = tap.PROGRAMS.parents[1]


def measure(*options):
    done = subprocess.run([sys.executable, SCRIPT, BUILD, '--rounds=1', '--seconds=0.2', '--json',
                           *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=3 * tap.SECONDS)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@tap.test
def rows_and_a_picture():
    rows = measure('--only=pv,nginx', '--svg=picture.svg')
    assert [row['workload'] for row in rows] == ['nginx, 1 KiB', 'nginx, 100 KiB', 'nginx, 64 MiB',
                                                 'pv, 2 stages', 'pv, 4 stages'], rows
    for row in rows:
        assert row['kernel'] > 0 and row['anysplice']['failed'] == 0, row
        assert all(ratio > 0 for ratio in row['anysplice']['speed'] + row['anysplice']['cpu']), row
        # nginx has no other way to send a file; pv has.
        assert (row['refused, no help'] is None) == row['workload'].startswith('nginx'), row
    texts = [text.text for text in
             xml.etree.ElementTree.parse('picture.svg').iterfind('.//{*}text')]
    assert texts.count('fails') == 3, texts


@tap.test
def a_workload_that_is_not_there():
    done = subprocess.run([sys.executable, SCRIPT, BUILD, '--only=nothing'], capture_output=True,
                          text=True, timeout=tap.SECONDS)
    assert done.returncode == 2 and 'there is no workload nothing' in done.stderr, done.stderr


tap.main()
