"""The OCI image that is made of a release's tarballs: what is in it, and, where podman works, that other
images can take it from there. tools/release.sh runs this on what it made (RELEASE_TARBALL); otherwise
a tarball of this build's stands for it, whose command does not run in an empty image."""

import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import podman
import tap

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = pathlib.Path(os.environ['E2E_LIBRARY'])
RELEASE = os.environ.get('RELEASE_TARBALL')
NAMES = {'LICENSE', 'anysplice', 'demo.sh', 'libanysplice-log-musl.so', 'libanysplice-log.so',
         'libanysplice-musl.so', 'libanysplice.so'}
CAT = SOURCE / 'tests' / 'port' / 'cat.c'


def tarball(padding=b''):
    """A release's, or one as it would be, with so much more in the command."""
    if RELEASE:
        return pathlib.Path(RELEASE)
    files = {
        'LICENSE': (SOURCE / 'LICENSE').read_bytes(),
        'bin/anysplice': pathlib.Path(tap.ANYSPLICE).read_bytes() + padding,
        'share/anysplice/demo.sh': (SOURCE / 'tools' / 'demo' / 'demo.sh').read_bytes(),
        'lib/libanysplice-musl.so': b'for musl',
        'lib/anysplice/libanysplice-log-musl.so': b'for musl',
        'lib/anysplice/libanysplice-log.so': b'for glibc',
        'lib/libanysplice.so.0.1.0': LIBRARY.read_bytes(),
    }
    to = pathlib.Path('anysplice-0.0.0-linux-x86_64.tar.gz').resolve()
    top = to.name.removesuffix('.tar.gz')
    with tarfile.open(to, 'w:gz') as archive:
        folder = tarfile.TarInfo(top)
        folder.type, folder.mtime = tarfile.DIRTYPE, 1000000000
        archive.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(f'{top}/{name}')
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo(f'{top}/lib/libanysplice.so')
        link.type, link.linkname = tarfile.SYMTYPE, 'libanysplice.so.0.1.0'
        archive.addfile(link)
    return to


def image(*tarballs, to='image.tar', status=0):
    done = subprocess.run([SOURCE / 'tools' / 'release' / 'image.py', *tarballs, to],
                          capture_output=True, text=True, timeout=tap.SECONDS, check=False)
    assert done.returncode == status, done.stderr
    return pathlib.Path(to), done.stderr


@tap.test
def the_layout():
    made, _ = image(tarball())
    again, _ = image(tarball(), to='again.tar')
    assert made.read_bytes() == again.read_bytes()
    with tarfile.open(made) as archive:
        blobs = {name.split('/')[-1]: archive.extractfile(name).read()
                 for name in archive.getnames() if name.startswith('blobs/sha256/')}
        index = json.load(archive.extractfile('index.json'))
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    manifest = json.loads(blobs[index['manifests'][0]['digest'].removeprefix('sha256:')])
    packed = blobs[manifest['layers'][0]['digest'].removeprefix('sha256:')]
    assert len(packed) == manifest['layers'][0]['size'] <= 5000000
    with tarfile.open(fileobj=io.BytesIO(packed)) as layer:
        assert set(layer.getnames()) == NAMES
        assert layer.getmember('anysplice').mode == 0o755
        assert layer.getmember('libanysplice.so').isfile()


@tap.test
def a_layer_that_is_too_large():
    if RELEASE:
        raise tap.Skip('the tarball is as it is')
    _, err = image(tarball(os.urandom(6000000)), status=1)
    assert 'more than 5000000' in err, err


def base():
    """The files of an image with a program of each C library."""
    root = pathlib.Path('base')
    (root / 'tmp').mkdir(parents=True)
    subprocess.run(['cc', '-O1', '-o', root / 'cat', CAT], check=True)
    subprocess.run(['musl-gcc', '-O1', '-o', root / 'cat_musl', CAT], check=True)
    for path in ('/lib64/ld-linux-x86-64.so.2', '/lib/x86_64-linux-gnu/libc.so.6',
                 '/lib/x86_64-linux-gnu/libdl.so.2', '/lib/x86_64-linux-gnu/libpthread.so.0',
                 '/lib/ld-musl-x86_64.so.1'):
        to = root / path[1:]
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)


@tap.test
def other_images_take_it():
    if os.geteuid() != 0:
        raise tap.Skip('containers must be started as root')
    engine = podman.Podman()
    try:
        if engine.problem:
            raise tap.Skip(f'podman does not work here: {engine.problem}')

        def run(*argv, status=0):
            done = engine.run([*engine.podman, *map(str, argv)])
            assert done.returncode == status, f'{argv}: exit {done.returncode}\n{done.stderr}'
            return done.stdout

        made, _ = image(tarball())
        name = run('load', '-q', '-i', made).split()[-1]
        with_programs = RELEASE and shutil.which('musl-gcc')
        if with_programs:
            base()
        pathlib.Path('Dockerfile').write_text(
            f'FROM scratch\n{"COPY base /" if with_programs else ""}\n'
            f'COPY --from={name} / /opt/anysplice\n')
        run('build', '-q', '-t', 'taken', '.')
        container = run('create', 'taken', '/nothing').strip()
        run('export', '-o', 'all.tar', container)
        run('rm', container)
        with tarfile.open('all.tar') as archive:
            assert {f'opt/anysplice/{name}' for name in NAMES} <= set(archive.getnames())
        if not with_programs:
            return
        for program in ('/cat', '/cat_musl'):  # the default profile refuses vmsplice
            for before, status in ((), 1), (('/opt/anysplice/anysplice', 'run', '--'), 0):
                said = run('run', '--rm', '--net=host', '--user=65534:65534', 'taken', *before,
                           program, '-t', 'a title', '/opt/anysplice/LICENSE', status=status)
                assert status or said == 'a title\n' + (SOURCE / 'LICENSE').read_text(), said
    finally:
        engine.close()


tap.main()
