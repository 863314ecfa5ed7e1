"""What the tests of `anysplice profile` share: containers under a printed profile, and the two ways
in which a program in there has the library."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

import podman
import tap

DEFAULT = pathlib.Path('/usr/share/containers/seccomp.json')  # podman's
HOST = f'127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}'
PORT = 8000

engine = podman.Podman()
if engine.problem:
    print(f'# podman does not work here, so the filter alone is tested: {engine.problem}')
    engine.close()
    engine = podman.Filtered(engine.problem)


def profile(*options):
    """The name of a file with the profile."""
    path = pathlib.Path('profile.json').absolute()
    path.write_text(tap.run('profile', '--oci', f'--base={DEFAULT}', *options)[0])
    return path


def help_by_run():
    """Under `anysplice run`; afterwards, the bytes that the engine moved."""

    def moved(call):
        counted = dict(line.split() for line in pathlib.Path('stats').read_text().splitlines())
        assert counted[f'{call}.native_bytes'] == '0', counted
        return int(counted[f'{call}.engine_bytes'])

    return (), (tap.ANYSPLICE, 'run', '--stats=stats', '--'), moved


def help_by_image():
    """By the lines for a Dockerfile, with the library where it is."""
    lines = tap.run('profile', '--docker', '--sendfile')[0].splitlines()
    variables = [line.removeprefix('ENV ') for line in lines if line.startswith('ENV ')]
    target = next(line.split()[2] for line in lines if line.startswith('COPY '))
    options = [f'--env={each.replace(target, os.environ["E2E_LIBRARY"])}' for each in variables]
    assert len(options) == 2, lines
    trace = pathlib.Path('trace').absolute()
    trace.touch()

    def moved(call):
        total = 0
        for line in map(json.loads, trace.read_text().splitlines()):
            if line.get('call') == call and line['result'] > 0:
                assert line['by'] in ('ring', 'copy'), line
                total += line['result']
        return total

    return ([*options, f'--env=ANYSPLICE_TRACE={trace}', '--env=ANYSPLICE_TRACE_OPTIONS=json'],
            (), moved)


@contextlib.contextmanager
def served(argv, how, port=PORT):
    """Runs a server in a container."""
    options, before, _ = how
    with open('server.log', 'ab') as log:
        process = subprocess.Popen(engine.command([*before, *argv], options, profile('--sendfile')),
                                   stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                   env=engine.environment)
    try:
        for _ in range(1000):
            said = pathlib.Path('server.log').read_text(errors='replace')
            assert process.poll() is None, f'the server ended: {said}'
            with contextlib.suppress(OSError):
                socket.create_connection((HOST, port), 5).close()
                break
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        engine.remove()  # podman may end before its container
        process.wait(20)
