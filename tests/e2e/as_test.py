"""`anysplice run --as=SYSTEM`: what each system does otherwise; gVisor itself is asked, too."""

import functools
import pathlib
import subprocess

import gvisor
import tap

ENDS = pathlib.Path(__file__).parent / 'programs' / 'ends.py'

# What must be answered so, of a table in which everything else is answered as without --as.
# sendfile has no source that a socket or a terminal could be before 5.12.
NO_STREAMS = {f'sendfile {kind}->{to} EINVAL' for kind in ('socket', 'tcp', 'tty')
              for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')}
SOCKETS_ONLY = NO_STREAMS | {
    f'sendfile {kind}->{to} EINVAL' for kind in ('file', 'proc', 'device')
    for to in ('pipe', 'file', 'tty', 'device')}
NO_SIZES = {'F_GETPIPE_SZ EINVAL', 'F_SETPIPE_SZ EINVAL'}
NO_PROC = {'splice proc->pipe EINVAL'} | {
    f'sendfile proc->{to} EINVAL' for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')}
SYSTEMS = {
    'linux-2.6.17': {'splice pipe->pipe EINVAL'} | SOCKETS_ONLY | NO_SIZES,
    'linux-2.6.31': SOCKETS_ONLY | NO_SIZES,
    'linux-4.9': NO_STREAMS,
    'linux-5.10': NO_STREAMS | NO_PROC | {'splice tty->pipe EINVAL', 'splice pipe->tty EINVAL'} | {
        f'sendfile {kind}->tty EINVAL' for kind in ('file', 'device')},
    'linux-5.12': NO_PROC,
    'linux-next-2026': {'vmsplice memory->pipe EOPNOTSUPP'},
    'zfs-2.0': {'splice file->pipe EINVAL'} | {
        f'sendfile file->{to} EINVAL'
        for to in ('pipe', 'file', 'socket', 'tcp', 'tty', 'device')},
    'podman-3.0': {'vmsplice memory->pipe EPERM', 'vmsplice pipe->memory EPERM'},
    'pipe-limit': {'F_GETPIPE_SZ 4096', 'F_SETPIPE_SZ EPERM'},
}


@functools.cache
def table(*options):
    out, _ = tap.run('run', *options, '--', tap.PYTHON, ENDS)
    return out.splitlines()


def calls(lines):
    return {line.rpartition(' ')[0]: line for line in lines}


def is_as(setting, name, differences):
    """Exactly the differences, and nothing else."""
    plain, otherwise = calls(table(*setting)), calls(table(*setting, f'--as={name}'))
    assert plain.keys() == otherwise.keys()
    for call, line in otherwise.items():
        wanted = {difference for difference in differences if difference.startswith(f'{call} ')}
        assert line == (wanted.pop() if wanted else plain[call]), (name, line, plain[call])


def test_of(name, differences):
    def is_a_system():
        for setting in (['--mode=auto'], ['--mode=emulate', '--block']):
            is_as(setting, name, differences)

    is_a_system.__name__ = f'as {name}'
    tap.test(is_a_system)


for system, found in SYSTEMS.items():
    test_of(system, found)


@tap.test
def before_the_calls():
    lines = table('--as=linux-2.6.16')
    assert all(line.endswith(' ENOSYS') for line in lines
               if line.startswith(('splice', 'tee', 'vmsplice'))), lines
    assert 'sendfile file->tcp 5' in lines, lines


SANDBOX, REASON = gvisor.find_sandbox()
if SANDBOX:
    @tap.test
    def as_gvisor_is_as_in_gvisor():
        inside = subprocess.run([*SANDBOX, tap.PYTHON, ENDS], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=tap.SECONDS)
        assert inside.returncode == 0, inside
        # gVisor takes all files of /proc, as does auto.
        assert table('--as=gvisor') == inside.stdout.splitlines(), inside.stdout
else:
    print(f'# gVisor does not start here, and is not asked: {" ".join(REASON.split())}')

tap.main()
