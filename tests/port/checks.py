"""What the programs of this folder must do, with the calls refused by the kernel."""

import os
import pathlib
import random
import socket
import subprocess
import threading

SECONDS = 20
DATA = random.Random(6).randbytes(3 << 20)


def blocked(*argv):
    return [str(word) for word in
            (os.environ['E2E_ANYSPLICE'], 'run', '--block', '--no-preload', '--', *argv)]


def output(*argv, **how):
    done = subprocess.run(blocked(*argv), stdout=subprocess.PIPE, timeout=SECONDS, check=False, **how)
    assert done.returncode == 0, done.returncode
    return done.stdout


def cat(*program):
    pathlib.Path('in').write_bytes(DATA)
    with open('in', 'rb') as file:
        assert output(*program, stdin=file) == DATA
    assert output(*program, 'in', 'in') == DATA + DATA
    assert output(*program, '-t', 'title', '-c', 'copy', input=DATA) == b'title\n' + DATA
    assert pathlib.Path('copy').read_bytes() == DATA
    with open('in', 'rb') as file, open('out', 'wb') as out:
        subprocess.run(blocked(*program, '-c', 'copy'), stdin=file, stdout=out, timeout=SECONDS,
                       check=True)
    assert pathlib.Path('out').read_bytes() == pathlib.Path('copy').read_bytes() == DATA


def cat_fails(*program):
    assert subprocess.run(blocked(*program, '/etc/passwd'), stderr=subprocess.DEVNULL,
                          timeout=SECONDS, check=False).returncode == 1


def receive_all(connection, into):
    while piece := connection.recv(1 << 16):
        into += piece


def relay(*program):
    pathlib.Path('greeting').write_bytes(b'welcome' * 1000)
    listening = socket.create_server(('127.0.0.1', 0))
    listening.settimeout(SECONDS)
    child = subprocess.Popen(blocked(*program, listening.getsockname()[1], 'greeting', 'log'),
                             stdout=subprocess.PIPE, text=True)
    try:
        port = int(child.stdout.readline())
        client = socket.create_connection(('127.0.0.1', port), SECONDS)
        server, _ = listening.accept()
        server.settimeout(SECONDS)
        at_client, at_server = bytearray(), bytearray()

        def send(connection, what):
            connection.sendall(what)
            connection.shutdown(socket.SHUT_WR)

        work = [threading.Thread(target=send, args=(client, DATA)),
                threading.Thread(target=send, args=(server, DATA[::-1])),
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
    assert at_server == b'relayed\n' + DATA
    assert at_client == b'welcome' * 1000 + DATA[::-1]
    assert pathlib.Path('log').read_bytes() == DATA
    client.close()
    server.close()
