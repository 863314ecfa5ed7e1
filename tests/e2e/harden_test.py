"""`anysplice profile`: what it prints switches the kernel's calls off, and servers go on working.

In podman with runc; where that does not work, under the filter that the printed profile describes.
"""

import contextlib
import ftplib
import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
import urllib.request

import tap
from hardened import HOST, PORT, engine, help_by_image, help_by_run, profile, served

if os.geteuid() != 0:
    print('1..0 # SKIP containers and vsftpd must be started as root')
    sys.exit()

BACKEND = PORT + 1
SIZE = 8 << 20


def refused(*options, base=True):
    """What the kernel says of each call under the profile."""
    path = profile(*options)
    if not base:
        path.write_text(tap.run('profile', '--oci', *options)[0])
    done = engine.run(engine.command([tap.PROGRAMS / 'kernel_says'], profile=path))
    assert done.returncode == 0, done
    return {name for name, what in map(str.split, done.stdout.splitlines()) if what != 'ok'}


@tap.test
def wrong_usage():
    for words, said in (((), 'give one of'), (('--oci', '--docker'), 'give one of'),
                        (('--systemd=a/b',), 'not the name of a service'),
                        (('--systemd=a.timer',), 'not a service'),
                        (('--docker', '--base=/dev/null'), '--base is for --oci'),
                        (('--oci', '--base=/dev/null'), 'cannot read'),
                        (('--oci', '--base=/etc/passwd'), '/etc/passwd: not a seccomp profile'),
                        (('--systemd=a', '--library=lib.so'), 'an absolute path'),
                        (('--systemd=a', '--library=/a:b.so'), 'LD_PRELOAD'),
                        (('--oci', 'nginx'), 'takes no argument')):
        out, err = tap.run('profile', *words, status=125)
        assert said in err and not out, (words, err)
    assert 'allows everything but these calls' in tap.run('profile', '--oci')[1]
    hidden = tap.run('profile', '--systemd=a', '--library=/home/me/libanysplice.so')[1]
    assert 'below /home/, which ProtectHome=' in hidden, hidden
    assert not tap.run('profile', '--systemd=a', '--library=/usr/lib/libanysplice.so')[1]


@tap.test
def on_its_own_the_kernel_refuses_none():
    done = subprocess.run([tap.PROGRAMS / 'kernel_says'], capture_output=True, text=True, check=True)
    assert done.stdout.count(' ok\n') >= 4, done.stdout


@tap.test
def the_kernel_refuses_what_was_asked_for():
    three = {'splice', 'tee', 'vmsplice'}
    assert refused() == three | {'io_uring_setup'}, refused()  # podman's default has no io_uring
    assert refused('--sendfile') == three | {'sendfile', 'io_uring_setup'}
    allowed = refused(base=False)
    assert allowed - {'io_uring_setup'} == three, allowed
    assert refused('--sendfile', '--io-uring', base=False) == {*three, 'sendfile', 'io_uring_setup'}


NO_HELP = ((), (), None)

NGINX = """
daemon off; user root; worker_processes 1; pid nginx.pid; error_log nginx.log;
events {{}}
http {{
    access_log off; sendfile on;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {{ listen {host}:{port}; root {root}; }}
}}
"""


def nginx_serves(how):
    os.chmod('.', 0o755)
    data = os.urandom(SIZE)
    pathlib.Path('in').write_bytes(data)
    pathlib.Path('nginx.conf').write_text(NGINX.format(host=HOST, port=PORT, root=os.getcwd()))
    with served(['nginx', '-p', os.getcwd(), '-c', 'nginx.conf', '-e', 'nginx.log'], how):
        with urllib.request.urlopen(f'http://{HOST}:{PORT}/in', timeout=20) as answer:
            assert answer.read() == data
    if how[2]:
        assert how[2]('sendfile') >= SIZE


HAPROXY = """
defaults
    timeout connect 9s
    timeout client 9s
    timeout server 9s
    option splice-response
listen tcp
    mode tcp
    bind {host}:{port}
    server backend {host}:{backend}
"""


def haproxy_relays(how):
    data = os.urandom(SIZE)
    pathlib.Path('haproxy.cfg').write_text(
        HAPROXY.format(host=HOST, port=PORT, backend=BACKEND))

    def answer():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                if connection.recv(1):
                    connection.sendall(data)
                    connection.recv(1)

    with socket.create_server((HOST, BACKEND)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        with served(['haproxy', '-db', '-f', 'haproxy.cfg'], how), \
                socket.create_connection((HOST, PORT), 20) as client:
            client.sendall(b'x')
            sha, left = hashlib.sha256(), SIZE
            while left and (piece := client.recv(min(left, 1 << 18))):
                sha.update(piece)
                left -= len(piece)
        listener.shutdown(socket.SHUT_RDWR)
    assert sha.digest() == hashlib.sha256(data).digest()
    if how[2]:
        assert how[2]('splice') >= SIZE


VSFTPD = """
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


def vsftpd_serves(how):
    folder = pathlib.Path.cwd()
    for name in ('public', 'empty'):
        (folder / name).mkdir(exist_ok=True)
    folder.chmod(0o755)
    pathlib.Path('ftp.conf').write_text(VSFTPD.format(host=HOST, port=PORT, folder=folder))
    data = os.urandom(SIZE)
    (folder / 'public' / 'in').write_bytes(data)
    with served(['vsftpd', 'ftp.conf'], how):
        pieces = []
        try:
            ftp = ftplib.FTP()
            ftp.connect(HOST, PORT, 20)
            ftp.login()
            ftp.retrbinary('RETR in', pieces.append)
        except ftplib.all_errors as error:
            raise AssertionError(repr(error)) from error
        assert b''.join(pieces) == data
    if how[2]:
        assert how[2]('sendfile') >= SIZE


@tap.test
def nginx_alone_fails():
    try:
        nginx_serves(NO_HELP)
    except (OSError, ValueError, AssertionError, urllib.error.ContentTooShortError) as error:
        assert 'the server ended' not in str(error), error
    except Exception as error:  # http.client's own
        assert type(error).__name__ in ('IncompleteRead', 'RemoteDisconnected'), error
    else:
        raise AssertionError('nginx needs no help: the next tests show nothing')


@tap.test
def nginx_under_the_command():
    nginx_serves(help_by_run())


@tap.test
def nginx_with_the_lines_for_a_dockerfile():
    nginx_serves(help_by_image())


@tap.test
def haproxy_under_the_command():
    haproxy_relays(help_by_run())


@tap.test
def haproxy_with_the_lines_for_a_dockerfile():
    haproxy_relays(help_by_image())


@tap.test
def vsftpd_under_the_command():
    vsftpd_serves(help_by_run())


@tap.test
def no_page_of_a_file_leaves_it():
    """What page-cache holes need: on its own the kernel puts the page itself into pipe and socket."""
    pages = [tap.PYTHON, pathlib.Path(__file__).parent / 'programs' / 'pages.py']
    alone = subprocess.run(pages, capture_output=True, text=True, check=True).stdout
    assert alone == 'splice BBBB\nsendfile BBBB\n', alone
    preload = [f'--env=LD_PRELOAD={os.environ["E2E_LIBRARY"]}']
    done = engine.run(engine.command(pages, preload, profile()))
    assert done.stdout == 'splice AAAA\nsendfile BBBB\n', done
    done = engine.run(engine.command(pages, preload, profile('--sendfile')))
    assert done.stdout == 'splice AAAA\nsendfile AAAA\n', done


@tap.test
def a_static_program_copies():
    data = os.urandom(300000)
    pathlib.Path('in').write_bytes(data)
    relay = [tap.PROGRAMS / 'relay', 'in', 'out']
    done = engine.run(engine.command(relay, profile=profile()))
    assert done.returncode == 1 and 'splice:' in done.stderr, done
    done = engine.run(engine.command([tap.ANYSPLICE, 'run', '--', *relay], profile=profile()))
    assert done.stdout.strip() == 'copies' and pathlib.Path('out').read_bytes() == data, done


try:
    tap.main()
finally:
    engine.close()
