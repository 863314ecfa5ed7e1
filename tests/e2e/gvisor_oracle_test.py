"""The oracle inside gVisor: the engine's waiting, compared with what Linux's own calls do. gVisor has
kinds of files that differ from Linux's, and a pipe's room is another; its own calls then do what the
engine does. (The whole suite: docs/testing.md.)"""

import os
import pathlib
import re
import subprocess
import sys

import gvisor
import tap

ORACLE = os.environ['E2E_ORACLE']
CASES = 'waiting*'
SECONDS = 200

# Without a call that restarts, the engine waits there by poll, and finds out by a write.
KNOWN = {
    'splice: empty socket -> pipe; SIGUSR1 (SA_RESTART), then SIGALRM',
    'splice: pipe -> full socket; the reader closes',
    'splice: pipe -> full socket; SIGUSR1 (SA_RESTART), then SIGALRM',
    'sendfile: file -> full socket; the reader closes',
    'sendfile: file -> full socket; SIGUSR1 (SA_RESTART), then SIGALRM',
    # Of a UDP socket shut for reading its poll says nothing.
    'UDP shut for reading -> pipe',
    'UDP shut for reading, SPLICE_F_NONBLOCK -> pipe',
    'UDP shut for reading, one message before -> pipe',
    'UDP shut for reading, one message before, SPLICE_F_NONBLOCK -> pipe',
}

sandbox, reason = gvisor.find_sandbox()
if not sandbox:
    print(f'1..0 # SKIP gVisor does not start here: {" ".join(reason.split())}')
    sys.exit()


def outcomes(*inside, **environment):
    done = subprocess.run([*inside, ORACLE, CASES], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, errors='replace', timeout=SECONDS,
                          env={**os.environ, **environment}, check=False)
    assert 'oracle: differences' in done.stdout or done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@tap.test
def waiting_is_that_of_linux():
    right = str(pathlib.Path('right').resolve())
    outcomes(ORACLE_SAVE=right)
    printed = outcomes(*sandbox, ORACLE_EXPECT=right)
    comparisons = int(re.search(r'^oracle: .* (\d+) comparisons', printed, re.M)[1])
    assert comparisons > 1000, comparisons
    differences = re.findall(r'^difference in "(.*)" \(.*\)$|^  (this system.*)$', printed, re.M)
    names = [name for name, _ in differences if name]
    kinds = [kind for _, kind in differences if kind]
    assert len(names) == len(kinds)
    engine = {name for name, kind in zip(names, kinds) if not kind.endswith('do the same')}
    print(f'# {comparisons} comparisons, {len(names)} differences')
    assert engine <= KNOWN, engine - KNOWN


tap.main()
