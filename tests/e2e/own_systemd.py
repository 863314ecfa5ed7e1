"""A systemd of its own, in a container, which starts nothing but the services that it is given. They
are made in the current folder."""

import contextlib
import pathlib
import subprocess
import tempfile
import time

CGROUPS = pathlib.Path('/sys/fs/cgroup/systemd')  # version 1, or both

TARGET = """
[Unit]
DefaultDependencies=no
Wants={services}
"""
SERVICE = """
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart=/bin/sh {folder}/{name}.sh
ExecStopPost=/usr/bin/touch {folder}/{name}.ended
{more}
"""


def make(name, script='true', more=''):
    folder = pathlib.Path.cwd()
    (folder / 'units').mkdir(exist_ok=True)
    (folder / f'{name}.sh').write_text(script)
    (folder / 'units' / f'{name}.service').write_text(
        SERVICE.format(folder=folder, name=name, more=more))


def boot(engine, *names, seconds=20):
    """Starts the services under a systemd of their own, and waits until they have ended."""
    pathlib.Path('.').chmod(0o777)
    target = pathlib.Path('units/anysplice-test.target')
    target.write_text(TARGET.format(services=' '.join(f'{name}.service' for name in names)))
    options = ['--cap-add=SYS_ADMIN', '--security-opt=seccomp=unconfined',
               '--mount=type=tmpfs,destination=/run,notmpcopyup', f'--volume={CGROUPS}:{CGROUPS}',
               f'--env=SYSTEMD_UNIT_PATH={pathlib.Path("units").absolute()}',
               '--env=container=podman', '--systemd=false', '--stop-signal=SIGRTMIN+3']
    command = engine.command(['/sbin/init', '--unit=anysplice-test.target'], options)
    with open('init.log', 'ab') as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=engine.environment)
    try:
        end = time.monotonic() + seconds
        while not all(pathlib.Path(f'{name}.ended').exists() for name in names):
            assert process.poll() is None and time.monotonic() < end, \
                pathlib.Path('init.log').read_text(errors='replace')
            time.sleep(0.05)
    finally:
        engine.remove()
        process.wait()


def why_not(engine):
    """Why no systemd comes up in a container here; empty if one does."""
    if engine.problem or not CGROUPS.is_dir():
        return engine.problem or 'only with cgroups of version 1'
    with tempfile.TemporaryDirectory(prefix='anysplice-e2e.') as folder, contextlib.chdir(folder):
        make('probe')
        try:
            boot(engine, 'probe')
        except AssertionError as error:
            return f'systemd does not come up: {error}'
    return ''
