"""HAProxy with `option splice-auto`, relaying large bodies both ways between loopback sockets."""

import contextlib
import hashlib
import http.client
import http.server
import os
import socket
import socketserver
import threading

import e2e

SIZE = 32 * e2e.MIB
BODY = os.urandom(e2e.MIB) * (SIZE // e2e.MIB)
TCP_PORT, HTTP_PORT = 7001, 7002
SECONDS = 4  # for a relay that stalls

CONFIG = """
defaults
    timeout connect {seconds}s
    timeout client {seconds}s
    timeout server {seconds}s
    option splice-auto
    option splice-request
    option splice-response
listen tcp
    mode tcp
    bind {host}:{tcp_port}
    server backend {host}:{tcp_backend}
listen http
    mode http
    bind {host}:{http_port}
    server backend {host}:{http_backend}
"""


def digest(chunks):
    sha = hashlib.sha256()
    for chunk in chunks:
        sha.update(chunk)
    return sha.hexdigest().encode()


DIGEST = digest([BODY])


def received(connection, size):
    """The next bytes of a connection, piece by piece; fewer if it ends before."""
    while size and (piece := connection.recv(min(size, 1 << 18))):
        size -= len(piece)
        yield piece


def send(connection):
    with contextlib.suppress(OSError):  # a relay that breaks is seen by whoever receives
        connection.sendall(BODY)


class Tcp(socketserver.BaseRequestHandler):
    """Sends the body and, at the same time, takes one; then tells the digest of what came.

    Nobody closes his end while bytes are on their way: on its own, too, HAProxy 2.6 now and then
    drops what it has not yet read when it hears that no more will come.
    """

    def handle(self):
        sender = threading.Thread(target=send, args=(self.request,))
        sender.start()
        came = digest(received(self.request, SIZE))
        sender.join()
        self.request.sendall(came)
        self.request.recv(1)  # until the client has left


class Http(http.server.BaseHTTPRequestHandler):
    """GET gives the body; POST gives the digest of the body that came."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.answer(BODY)

    def do_POST(self):
        left = int(self.headers['Content-Length'])
        sha = hashlib.sha256()
        while left and (chunk := self.rfile.read1(min(left, 1 << 18))):
            sha.update(chunk)
            left -= len(chunk)
        self.answer(sha.hexdigest().encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Backend(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


@contextlib.contextmanager
def backend(handler):
    with Backend((e2e.HOST, 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def haproxy(box):
    with backend(Tcp) as tcp_backend, backend(Http) as http_backend:
        (box.folder / 'haproxy.cfg').write_text(CONFIG.format(
            host=e2e.HOST, seconds=SECONDS, tcp_port=TCP_PORT, tcp_backend=tcp_backend,
            http_port=HTTP_PORT, http_backend=http_backend))
        with box.serve(HTTP_PORT, 'haproxy', '-db', '-f', 'haproxy.cfg'):
            yield


# Every byte is spliced from a socket into a pipe and from there to a socket. The first few go by
# HAProxy's own buffer, so a little less is asked for.
ONE_WAY = 2 * SIZE - e2e.MIB


# With ENOSYS HAProxy falls back; in HTTP, below, 3.0 does, and 2.6 stalls. With EPERM both drop the
# connection.
@e2e.test(carries={'splice': 2 * ONE_WAY}, falls_back=('ENOSYS',))
def haproxy_tcp_both_ways_at_once(box):
    with haproxy(box), socket.create_connection((e2e.HOST, TCP_PORT), SECONDS) as client:
        sender = threading.Thread(target=send, args=(client,))
        sender.start()
        body = b''.join(received(client, SIZE))
        came = b''.join(received(client, len(DIGEST)))
        sender.join()
        assert body == BODY
        assert came == DIGEST


def request(*what):
    client = http.client.HTTPConnection(e2e.HOST, HTTP_PORT, timeout=SECONDS)
    with contextlib.closing(client):
        client.request(*what)
        try:
            return client.getresponse().read()
        except http.client.HTTPException as exception:
            raise AssertionError(repr(exception)) from exception


@e2e.test(carries={'splice': ONE_WAY}, may_fall_back=('ENOSYS',))
def haproxy_http_download(box):
    with haproxy(box):
        assert request('GET', '/') == BODY


@e2e.test(carries={'splice': ONE_WAY}, may_fall_back=('ENOSYS',))
def haproxy_http_upload(box):
    with haproxy(box):
        assert request('POST', '/', BODY) == DIGEST


e2e.main()
