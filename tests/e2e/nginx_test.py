"""nginx with `sendfile on`, asked by curl."""

import e2e

SIZE = 32 * e2e.MIB + 12345
PORT = 8000

CONFIG = """
daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log nginx.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    {more}
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {{ listen {host}:{port}; root {root}; }}
}}
"""


def download(box, *curl_options, more=''):
    """Fetches the file `in` as `out` with curl from nginx."""
    (box.folder / 'nginx.conf').write_text(
        CONFIG.format(host=e2e.HOST, port=PORT, root=box.folder, more=more))
    box.folder.chmod(0o755)
    box.make('in', SIZE)
    with box.serve(PORT, 'nginx', '-p', box.folder, '-c', 'nginx.conf', '-e', 'nginx.log'):
        box.shell(f'curl -sS -m 20 -o out {" ".join(curl_options)} http://{e2e.HOST}:{PORT}/in')


@e2e.test(carries={'sendfile': SIZE})
def nginx_sends_a_file(box):
    download(box)
    assert box.same('in', 'out')


@e2e.test(carries={'sendfile': SIZE})
def nginx_sends_a_file_in_small_chunks_with_tcp_nopush(box):
    download(box, more='sendfile_max_chunk 10k; tcp_nopush on;')
    assert box.same('in', 'out')


@e2e.test(carries={'sendfile': 5000000})
def nginx_sends_a_range(box):
    download(box, '-r', '1000001-6000000')
    assert (box.folder / 'out').read_bytes() == (box.folder / 'in').read_bytes()[1000001:6000001]


e2e.main()
