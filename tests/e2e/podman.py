"""Containers for tests: podman with runc, and this system's own files as the image."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

SECONDS = 60
HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ['E2E_PROGRAMS']).parents[1]


class Podman:
    """Its store, which goes with close(); `problem` says why it does not work here, or is empty."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='anysplice-podman.')
        store = pathlib.Path(self.folder.name)
        (store / 'containers.conf').write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n')
        self.environment = {**os.environ, 'CONTAINERS_CONF': str(store / 'containers.conf')}
        self.podman = ['podman', '--root', f'{store}/store', '--runroot', f'{store}/run',
                       '--cgroup-manager=cgroupfs', '--events-backend=none', '--runtime=runc']
        self.number = 0  # of containers
        try:
            probe = self.run(self.command(['true']))
            self.problem = (' '.join(probe.stderr.split()) or f'exit {probe.returncode}') \
                if probe.returncode else ''
        except (OSError, subprocess.TimeoutExpired) as error:
            self.problem = str(error)

    def command(self, argv, options=(), profile=None):
        """argv in a container, in the folder that it is started in, as a command line."""
        self.number += 1
        security = [f'--security-opt=seccomp={profile}'] if profile else []
        same = [f'--volume={path}:{path}' for path in {tempfile.gettempdir(), str(BUILD), str(HERE)}]
        return [*self.podman, 'run', '--rm', f'--name=anysplice-{os.getpid()}-{self.number}',
                '--net=host', *security, *same, f'--workdir={os.getcwd()}', *options,
                '--rootfs', '/:O', *map(str, argv)]

    def run(self, command, **how):
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, env=self.environment, **how)

    def remove(self):
        """Ends all containers."""
        for number in range(1, self.number + 1):
            subprocess.run([*self.podman, 'rm', '-f', '-i', '-t', '0',
                            f'anysplice-{os.getpid()}-{number}'], env=self.environment,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
                           check=False)
        self.number = 0

    def close(self):
        self.remove()
        # podman leaves its store mounted on itself, and the last of its processes may not have ended.
        for _ in range(100):
            subprocess.run(['umount', f'{self.folder.name}/store/overlay'], capture_output=True,
                           timeout=SECONDS, check=False)
            try:
                return self.folder.cleanup()
            except OSError:
                time.sleep(0.1)
        raise OSError(f'{self.folder.name} is still in use')


class Filtered:
    """Instead of podman, where that does not work: the same filter, and no container."""

    environment = os.environ

    def __init__(self, problem):
        self.problem = problem

    def command(self, argv, options=(), profile=None):
        variables = [option.removeprefix('--env=') for option in options]
        return ['env', *variables, sys.executable,
                str(pathlib.Path(__file__).parent / 'seccomp_filter.py'), 'profile', profile,
                *map(str, argv)]

    def run(self, command, **how):
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS, **how)

    def remove(self):
        pass

    def close(self):
        pass
