"""File systems in user space, whose data goes by splice and whose headers go by vmsplice: one of
libfuse's low-level API (programs/passthrough.cc) and bindfs, read to the end and written.

A client of a file system that does not answer sleeps so that no signal wakes it. So all clients are
processes of their own, in a mount namespace of their own; at a time limit the connection is aborted,
which wakes them. This process itself never looks into a mount.
"""

import contextlib
import ctypes
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import tap
import under_test

SECONDS = 20  # for a client

# To the end of each file, in pieces of several sizes, whole, and beyond the end.
READ = """
import hashlib, os, sys
for name in sys.argv[1:]:
    for size in (1 << 20, 70001, 4096):
        fd = os.open(name, os.O_RDONLY)
        whole = hashlib.sha256()
        while piece := os.read(fd, size):
            whole.update(piece)
        assert os.read(fd, size) == b''
        end = os.lseek(fd, 0, os.SEEK_END)
        assert len(os.pread(fd, 300000, max(end - 5000, 0))) == min(end, 5000)
        assert os.pread(fd, 10, end + 5000) == b''
        os.close(fd)
        print(whole.hexdigest())
"""
# In pieces of one size or another; what comes back has to be the same.
WRITE = """
import hashlib, os, sys
name, size = sys.argv[1], int(sys.argv[2])
data = os.urandom(size)
with open(name, 'wb', buffering=0) as file:
    at = 0
    while at < size:
        at += file.write(data[at:at + (131072 if at % 3 else 70001)])
with open(name, 'rb') as file:
    assert file.read() == data
print(hashlib.sha256(data).hexdigest())
"""
# The file becomes shorter below, while the kernel believes that it is as long as before.
SHRINK = """
import os, sys
name, below = sys.argv[1:]
fd = os.open(name, os.O_RDONLY)
assert len(os.pread(fd, 10, 0)) == 10
os.truncate(below, 100001)
assert len(os.pread(fd, 131072, 98304)) in (1697, 131072)
os.pread(fd, 131072, 200000)
os.close(fd)
"""

SIZES = (0, 1, 4095, 4096, 4097, 65553, 131071, 131073, 300001)
LARGE = 20_000_000

ON_ITS_OWN = ()
SETTINGS = [(f'--mode={mode}', f'--block={error}') for mode in ('auto', 'emulate')
            for error in ('ENOSYS', 'EPERM')]
if under_test.NATIVE:
    SETTINGS.insert(0, ON_ITS_OWN)

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MNT_FORCE, MNT_DETACH = 1, 2
MS_REC, MS_PRIVATE = 16384, 1 << 18


def problem():
    """Why nothing can be mounted, or None."""
    if not (pathlib.Path(tap.PROGRAMS) / 'passthrough').exists():
        return 'built without libfuse 3'
    if not os.access('/dev/fuse', os.R_OK | os.W_OK):
        return '/dev/fuse is not there, or not for us'
    if (libc.unshare(CLONE_NEWNS) != 0 or
            libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None) != 0):
        return f'no mount namespace: {os.strerror(ctypes.get_errno())}'
    return None


def is_mounted(folder):
    mounts = pathlib.Path('/proc/self/mountinfo').read_text()
    return any(line.split()[4] == str(folder) for line in mounts.splitlines())


class Mount:
    """A file system that shows the folder `below`; what its server did is in counters."""

    def __init__(self, setting, program, *options):
        self.below, self.top = pathlib.Path('below').resolve(), pathlib.Path('top').resolve()
        self.below.mkdir(exist_ok=True)
        self.top.mkdir(exist_ok=True)
        self.counters = {}
        command = [str(program), str(self.below), str(self.top), *options]
        if setting:
            command = [tap.ANYSPLICE, 'run', *setting, '--stats=stats', '--', *command]
        self.setting = setting
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=pathlib.Path('errors').open('w'),
                                       start_new_session=True)

    def __enter__(self):
        until = time.monotonic() + SECONDS
        while not is_mounted(self.top):
            if self.server.poll() is not None or time.monotonic() > until:
                self.abort()
                raise AssertionError(f'not mounted: {pathlib.Path("errors").read_text()}')
            time.sleep(0.02)
        return self

    def client(self, program, *words):
        """Output of a client; if it does not end in time, the file system is taken away."""
        process = subprocess.Popen([tap.PYTHON, '-c', program, *map(str, words)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.abort()
            process.kill()
            process.communicate(timeout=SECONDS)
            raise
        assert process.returncode == 0, f'{self.setting}: {err[-1000:]}'
        return out

    def abort(self):
        libc.umount2(os.fsencode(self.top), MNT_FORCE | MNT_DETACH)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait(SECONDS)

    def __exit__(self, *unused):
        if self.server.returncode is not None:
            return
        # As fusermount3 -u -z does: nobody has a file open any more, so the server ends.
        libc.umount2(os.fsencode(self.top), MNT_DETACH)
        try:
            self.server.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.abort()
            raise
        if not self.setting:
            return
        for line in pathlib.Path('stats').read_text().splitlines():
            key, value = line.split()
            self.counters[key] = int(value)
        for call in ('splice', 'vmsplice', 'tee'):
            assert self.counters.get(f'{call}.native_bytes', 0) == 0, self.counters

    def carried(self, call, least):
        assert not self.setting or self.counters[f'{call}.engine_bytes'] >= least, self.counters


def make_files(below):
    names = []
    for size in SIZES:
        names.append(f'odd.{size}')
        (below / names[-1]).write_bytes(os.urandom(size))
    return names


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def reads_all(mount):
    names = make_files(mount.below)
    read = mount.client(READ, *(mount.top / name for name in names)).split()
    assert read == [digest(mount.below / name) for name in names for _ in range(3)], mount.setting


def writes_all(mount):
    written = mount.client(WRITE, mount.top / 'large', LARGE).strip()
    assert written == digest(mount.below / 'large'), mount.setting


def passthrough(setting, *options):
    return Mount(setting, tap.PROGRAMS / 'passthrough', *options)


@tap.test
def files_of_odd_sizes_are_read_to_their_end():
    for setting in SETTINGS:
        for options in ([], ['direct'], ['direct', 'threads']):
            with passthrough(setting, *options) as mount:
                reads_all(mount)
            # Each reply is a header by vmsplice, with data behind it.
            mount.carried('vmsplice', 16 * 16)
            mount.carried('splice', sum(SIZES))


@tap.test
def twenty_megabytes_are_written_and_read():
    for setting in SETTINGS:
        for options in ([], ['direct', 'threads']):
            with passthrough(setting, *options) as mount:
                writes_all(mount)
            mount.carried('splice', 2 * LARGE)


@tap.test
def a_file_that_becomes_shorter_below():
    for setting in SETTINGS:
        with passthrough(setting) as mount:
            (mount.below / 'file').write_bytes(b'x' * 1_000_000)
            mount.client(SHRINK, mount.top / 'file', mount.below / 'file')


@tap.test
def bindfs_reads_and_writes():
    bindfs = shutil.which('bindfs')
    if bindfs is None:
        raise tap.Skip('bindfs is not installed')
    for setting in SETTINGS:
        # (That of Debian 12 does not splice: shown is that it works all the same.)
        with Mount(setting, bindfs, '-f', '-o', 'max_write=131072') as mount:
            reads_all(mount)
            writes_all(mount)


if (reason := problem()) is not None:
    print(f'1..0 # SKIP {reason}')
    sys.exit(0)
tap.main()
