#!/usr/bin/env python3
"""Run by tools/where.sh: try.sh as a service of an ordinary user, whose unit kills who makes the calls.
Its systemd is in a container, with this machine's files. Prints what try.sh does; ends with 77 where no
systemd comes up, and says why.

usage: service.py FOLDER-OF-THE-TARBALL PROGRAM: as for try.sh
"""

import os
import pathlib
import shlex
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / 'tests' / 'e2e'))

import own_systemd
import podman

UNIT = """User=nobody
SystemCallFilter=~splice vmsplice tee
StandardOutput=append:{folder}/said
StandardError=inherit"""
SCRIPT = """(
set -- {arguments}
{script}
)
echo $? >status
"""


def main():
    engine = podman.Podman()
    try:
        if problem := own_systemd.why_not(engine):
            print(problem)
            return 77
        with tempfile.TemporaryDirectory(prefix='anysplice-where.') as folder:
            os.chdir(folder)
            arguments = ' '.join(map(shlex.quote, sys.argv[1:]))
            script = SCRIPT.format(arguments=arguments, script=(HERE / 'try.sh').read_text())
            own_systemd.make('try', script, UNIT.format(folder=folder))
            own_systemd.boot(engine, 'try', seconds=120)
            print(pathlib.Path('said').read_text(), end='')
            status = int(pathlib.Path('status').read_text())
            os.chdir('/')
        return status
    finally:
        engine.close()


sys.exit(main())
