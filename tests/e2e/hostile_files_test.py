"""The files in which the processes of a run count and note down (docs/security.md): one of them
writes what it likes into these, and the command that reads them goes on."""

import subprocess

import tap

# Writes random and adversarial words over the file that a variable names: all of it, or here and
# there behind its first word, so that it still is one of ours.
SCRIBBLE = """
import os, random, sys
path, seed, whole = os.environ[sys.argv[1]], int(sys.argv[2]), sys.argv[3] == 'whole'
random.seed(seed)
size = os.path.getsize(path)
bad = [0, 1, (1 << 64) - 1, 1 << 63, (1 << 63) - 1, 0x100000001, 0xffffffff, 0x4141414141414141]
def word():
    return (random.getrandbits(64) if random.random() < 0.3 else random.choice(bad)).to_bytes(8, 'little')
with open(path, 'r+b') as file:
    if whole:
        one = word() * 512
        file.seek(8)
        for _ in range((size - 8) // len(one)):
            file.write(one if random.random() < 0.5 else b''.join(word() for _ in range(512)))
    else:
        for _ in range(3000):
            file.seek(8 + random.randrange((min(size, 1 << 20) - 16) // 8) * 8)
            file.write(word())
"""
TIMES = 12


def scribbled(variable, *options):
    for seed in range(TIMES):
        for extent in ('whole', 'parts'):
            how = [*options, '--', tap.PYTHON, '-c', SCRIBBLE, variable, str(seed), extent]
            yield seed, extent, how


def ends_well(variable, command, *options, statuses=(0,)):
    for seed, extent, how in scribbled(variable, *options):
        done = subprocess.run([tap.ANYSPLICE, command, *how], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=tap.SECONDS)
        assert done.returncode in statuses, (variable, seed, extent, done.returncode,
                                             done.stderr[-500:])


@tap.test
def counters():
    ends_well('ANYSPLICE_STATS', 'run', '--stats', '--mode=emulate')
    ends_well('ANYSPLICE_STATS', 'run', '--stats=json:out', '--mode=emulate')


@tap.test
def findings():
    # 3: something was found.
    ends_well('ANYSPLICE_FINDINGS', 'run', '--check=reuse', '--mode=emulate', statuses=range(0, 128))


@tap.test
def the_journal():
    ends_well('ANYSPLICE_JOURNAL', 'run', '--inject=splice:short=0.5', '--record=decisions',
              statuses=range(0, 128))


@tap.test
def the_rules():
    ends_well('ANYSPLICE_CONTROL', 'run', '--control', statuses=range(0, 128))


tap.main()
