"""What comes out of a pipe, and of a TCP connection, if the file that was spliced or sent into it is
changed before: AAAA if the bytes were copied, BBBB if the page of the file itself is in there."""

import os
import socket
import tempfile


def comes_out(call):
    with tempfile.TemporaryFile() as file, socket.create_server(('127.0.0.1', 0)) as server:
        os.write(file.fileno(), b'AAAA')
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
        from_pipe, into_pipe = os.pipe()
        if call == 'splice':
            os.splice(file.fileno(), into_pipe, 4)
        else:
            os.sendfile(client.fileno(), file.fileno(), 0, 4)
        os.pwrite(file.fileno(), b'BBBB', 0)
        return os.read(from_pipe if call == 'splice' else peer.fileno(), 4).decode()


for name in ('splice', 'sendfile'):
    print(name, comes_out(name))
