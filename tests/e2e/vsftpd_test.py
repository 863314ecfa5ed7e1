"""vsftpd, which calls sendfile from inside a chroot, with little memory and no more descriptors.

With ENOSYS it falls back to read and write. It must be started as root.
"""

import os
import sys

import e2e

if os.geteuid() != 0:
    print('1..0 # SKIP vsftpd must be started as root')
    sys.exit()

SIZE = 16 * e2e.MIB + 12345
PORT = 2121

CONFIG = """
listen=YES
listen_address={host}
listen_port={port}
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root={folder}/public
secure_chroot_dir={folder}/empty
connect_from_port_20=NO
use_sendfile=YES
"""


@e2e.test(carries={'sendfile': SIZE}, falls_back=('ENOSYS',))
def vsftpd_sends_a_file(box):
    for name in ('public', 'empty'):
        (box.folder / name).mkdir()
    box.folder.chmod(0o755)
    (box.folder / 'ftp.conf').write_text(CONFIG.format(host=e2e.HOST, port=PORT, folder=box.folder))
    box.make('public/in', SIZE)
    with box.serve(PORT, 'vsftpd', 'ftp.conf'):
        box.shell(f'curl -sS -m 20 -o out ftp://{e2e.HOST}:{PORT}/in')
    assert box.same('public/in', 'out')


e2e.main()
