#!/usr/bin/env python3
"""Makes an OCI image of a release's tarballs, without a daemon: an archive of an image layout, which
podman, docker, skopeo and buildah load. For each machine one layer with the command, the objects and
the licence in its root, to be taken by COPY --from=anysplice / /opt/anysplice.

usage: image.py TARBALL... IMAGE.tar

The same tarballs give the same bytes. Fails if a layer has more than 5 MB.
"""
import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile

MOST = 5_000_000
FILES = {  # in the image, one folder: of the tarball
    'LICENSE': 'LICENSE',
    'anysplice': 'bin/anysplice',
    'demo.sh': 'share/anysplice/demo.sh',
    'libanysplice-log-musl.so': 'lib/anysplice/libanysplice-log-musl.so',
    'libanysplice-log.so': 'lib/anysplice/libanysplice-log.so',
    'libanysplice-musl.so': 'lib/libanysplice-musl.so',
    'libanysplice.so': 'lib/libanysplice.so',
}
MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64'}
INDEX = 'application/vnd.oci.image.index.v1+json'
MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
CONFIG = 'application/vnd.oci.image.config.v1+json'
LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip'


def member(name, data, time, mode=0o644):
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), time, mode
    return info, io.BytesIO(data)


def layer(tarball):
    """The layer's tar, and the time of the tarball's files."""
    out = io.BytesIO()
    with tarfile.open(tarball) as source, tarfile.open(fileobj=out, mode='w') as target:
        top = source.getnames()[0]
        time = source.getmember(top).mtime
        for name, origin in sorted(FILES.items()):
            file = source.extractfile(f'{top}/{origin}')  # through links
            mode = 0o755 if name in ('anysplice', 'demo.sh') else 0o644
            target.addfile(*member(name, file.read(), time, mode))
    return out.getvalue(), time


class Layout:
    """The blobs of an image, by their digest."""

    def __init__(self):
        self.blobs = {}

    def add(self, data, kind):
        if not isinstance(data, bytes):
            data = json.dumps(data, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {'mediaType': kind, 'digest': f'sha256:{digest}', 'size': len(data)}


def add_machine(layout, tarball, version, machine):
    tar, time = layer(tarball)
    packed = gzip.compress(tar, 9, mtime=0)
    if len(packed) > MOST:
        sys.exit(f'{tarball}: the layer has {len(packed)} bytes, more than {MOST}')
    config = layout.add({
        'architecture': MACHINES[machine],
        'os': 'linux',
        'config': {'Entrypoint': ['/anysplice'], 'Cmd': ['--help'], 'Labels': {
            'org.opencontainers.image.title': 'anysplice',
            'org.opencontainers.image.version': version,
            'org.opencontainers.image.licenses': 'MIT'}},
        'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(tar).hexdigest()]},
    }, CONFIG)
    manifest = layout.add({'schemaVersion': 2, 'mediaType': MANIFEST, 'config': config,
                           'layers': [layout.add(packed, LAYER)]}, MANIFEST)
    print(f'{machine}: {len(tar)} bytes, {len(packed)} packed')
    return {**manifest, 'platform': {'architecture': MACHINES[machine], 'os': 'linux'}}, time


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    *tarballs, to = sys.argv[1:]
    layout, manifests, time = Layout(), [], 0
    for tarball in tarballs:
        version, machine = re.fullmatch(r'anysplice-(.+)-linux-(\w+)\.tar\.gz',
                                        os.path.basename(tarball)).groups()
        manifest, time = add_machine(layout, tarball, version, machine)
        manifests.append(manifest)
    # One machine's image stands by itself, as not all that load an archive look into an index.
    top = manifests[0]
    if len(manifests) > 1:
        top = layout.add({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': manifests}, INDEX)
    index = {'schemaVersion': 2, 'mediaType': INDEX, 'manifests': [
        {**top, 'annotations': {'org.opencontainers.image.ref.name': f'anysplice:{version}'}}]}
    with tarfile.open(to, 'w') as archive:
        archive.addfile(*member('oci-layout', b'{"imageLayoutVersion": "1.0.0"}', time))
        archive.addfile(*member('index.json', json.dumps(index, sort_keys=True).encode(), time))
        for digest, data in sorted(layout.blobs.items()):
            archive.addfile(*member(f'blobs/sha256/{digest}', data, time))


if __name__ == '__main__':
    main()
