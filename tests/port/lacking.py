"""The headers of a system that lacks the family: this system's, without splice, tee, vmsplice, their
flags and <sys/sendfile.h>, and with the sendfile of FreeBSD (sendfile(2) there)."""

import pathlib
import subprocess

FCNTL = '''
#ifndef LACKING_FCNTL_H_
#define LACKING_FCNTL_H_
#define splice lacking_splice
#define tee lacking_tee
#define vmsplice lacking_vmsplice
#include "fcntl_of_the_system.h"
#undef splice
#undef tee
#undef vmsplice
#undef SPLICE_F_MOVE
#undef SPLICE_F_NONBLOCK
#undef SPLICE_F_MORE
#undef SPLICE_F_GIFT
#endif
'''
SOCKET = '''
#ifndef LACKING_SOCKET_H_
#define LACKING_SOCKET_H_
#include "socket_of_the_system.h"
struct sf_hdtr;
int sendfile(int, int, off_t, size_t, struct sf_hdtr *, off_t *, int);
#endif
'''


def _ask(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make(folder):
    """Makes them below a folder; returns the compiler's options to use them alone."""
    root = pathlib.Path(folder)
    (root / 'sys').mkdir(parents=True)
    triplet = _ask('cc', '-print-multiarch')
    for place in [f'/usr/include/{triplet}', '/usr/include']:
        for path in [*pathlib.Path(place).iterdir(), *pathlib.Path(place, 'sys').glob('*')]:
            name = root / path.relative_to(place)
            if path.name not in ('sys', 'sendfile.h') and not name.exists():
                name.symlink_to(path)
    (root / 'sys' / 'socket.h').rename(root / 'sys' / 'socket_of_the_system.h')
    (root / 'fcntl.h').rename(root / 'fcntl_of_the_system.h')
    (root / 'fcntl.h').write_text(FCNTL)
    (root / 'sys' / 'socket.h').write_text(SOCKET)
    return ['-nostdinc', '-isystem', _ask('cc', '-print-file-name=include'), '-isystem', str(root)]
