"""Two programs written for Linux, built unchanged with the headers of a system that lacks the calls,
linked with the library of -Dplatform=posix, and run with the calls refused by the kernel.
"""

import os
import pathlib
import random
import socket
import subprocess
import threading

import installed
import lacking
import tap

HERE = pathlib.Path(__file__).parent
SECONDS = 20

tree = installed.Tree()
scratch = pathlib.Path(tree.root, 'port')
system = lacking.make(scratch / 'include')
data = random.Random(6).randbytes(3 << 20)


def posix_library():
    """A folder with the libraries; they are kept between runs."""
    if os.environ['OUTSIDE_PLATFORM'] == 'posix':
        return installed.BUILD / 'shim'
    folder = installed.BUILD / 'tests' / 'port' / 'posix'
    if not (folder / 'build.ninja').exists():
        installed.run('meson', 'setup', folder, installed.SOURCE, '-Dplatform=posix',
                      '-Dtests=false', '-Dtools=false')
    installed.run('meson', 'compile', '-j2', '-C', folder, 'libanysplice-interpose.a',
                  'anysplice-interpose:shared_library')
    return folder / 'shim'


def build(program, kind, options):
    """Returns the path of a program; nothing in its source is changed."""
    to = scratch / f'{program}_{kind}'
    library = ['-lanysplice-interpose']
    if kind == 'static':
        library = ['-Wl,-Bstatic', *library, '-Wl,-Bdynamic', '-ldl']
    installed.run('cc', *installed.WARNINGS, '-Wno-pedantic', *options, HERE / f'{program}.c',
                  *tree.flags('anysplice-interpose', '--cflags'), f'-L{libraries}',
                  f'-Wl,-rpath,{libraries}', *library, '-o', to)
    return to


libraries = posix_library()
programs = [{name: build(name, kind, system) for name in ('cat', 'relay')}
            for kind in ('shared', 'static')]
programs.append({name: build(name, 'on_linux', []) for name in ('cat', 'relay')})


def blocked(*argv):
    return [str(word) for word in
            (tree.command, 'run', '--block', '--no-preload', '--', *argv)]


def output(*argv, **how):
    done = subprocess.run(blocked(*argv), stdout=subprocess.PIPE, timeout=SECONDS, check=False, **how)
    assert done.returncode == 0, done.returncode
    return done.stdout


@tap.test
def without_the_library_they_do_not_link_or_fail():
    installed.run('cc', *system, *tree.flags('anysplice-interpose', '--cflags'), HERE / 'cat.c',
                  '-o', 'cat', status=1)  # anysplice_sendfile
    installed.run('cc', HERE / 'cat.c', '-o', 'cat')
    assert subprocess.run(blocked('./cat', '/etc/passwd'), stderr=subprocess.DEVNULL,
                          timeout=SECONDS, check=False).returncode == 1


@tap.test
def cat():
    pathlib.Path('in').write_bytes(data)
    for program in programs:
        with open('in', 'rb') as file:
            assert output(program['cat'], stdin=file) == data
        assert output(program['cat'], 'in', 'in') == data + data
        assert output(program['cat'], '-t', 'title', '-c', 'copy', input=data) == b'title\n' + data
        assert pathlib.Path('copy').read_bytes() == data
        with open('in', 'rb') as file, open('out', 'wb') as out:
            subprocess.run(blocked(program['cat'], '-c', 'copy'), stdin=file, stdout=out,
                           timeout=SECONDS, check=True)
        assert pathlib.Path('out').read_bytes() == pathlib.Path('copy').read_bytes() == data


def receive_all(connection, into):
    while piece := connection.recv(1 << 16):
        into += piece


@tap.test
def relay():
    pathlib.Path('greeting').write_bytes(b'welcome' * 1000)
    for program in programs:
        listening = socket.create_server(('127.0.0.1', 0))
        listening.settimeout(SECONDS)
        child = subprocess.Popen(blocked(program['relay'], listening.getsockname()[1], 'greeting',
                                         'log'), stdout=subprocess.PIPE, text=True)
        try:
            port = int(child.stdout.readline())
            client = socket.create_connection(('127.0.0.1', port), SECONDS)
            server, _ = listening.accept()
            server.settimeout(SECONDS)
            at_client, at_server = bytearray(), bytearray()

            def send(connection, what):
                connection.sendall(what)
                connection.shutdown(socket.SHUT_WR)

            work = [threading.Thread(target=send, args=(client, data)),
                    threading.Thread(target=send, args=(server, data[::-1])),
                    threading.Thread(target=receive_all, args=(client, at_client)),
                    threading.Thread(target=receive_all, args=(server, at_server))]
            for thread in work:
                thread.start()
            for thread in work:
                thread.join(SECONDS)
            assert child.wait(SECONDS) == 0
        finally:
            child.kill()
            child.wait()
            listening.close()
        assert at_server == b'relayed\n' + data
        assert at_client == b'welcome' * 1000 + data[::-1]
        assert pathlib.Path('log').read_bytes() == data
        client.close()
        server.close()


tap.main()
