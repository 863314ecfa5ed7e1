#!/usr/bin/env python3
"""What whole programs gain or lose by anysplice (docs/performance.md), as ratios with quartiles.

usage: programs.py BUILD [--rounds=N] [--seconds=S] [--only=TEXT,...] [--json] [--svg=FILE]

Each workload runs by turns with the kernel's own calls; with the calls refused under anysplice; and
with the calls refused and no help. A ratio is that of two runs of the same round: work per second,
and work per second of processor time of all who take part (load generators too). Nothing else
should run meanwhile. Needs the programs that tools/bench_programs.sh installs, and the loopback
interface only.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
LONGEST = 60  # seconds for anything that has no length of its own
HOST = f'127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}'
WEB, RELAY = 8001, 8002
PROGRAMS = ('nginx', 'haproxy', 'fio', 'pv', 'wrk')

NGINX = f"""
daemon off; user root; worker_processes 1; pid nginx.pid; error_log nginx.log;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {{ listen {HOST}:{WEB}; root .; }}
}}
"""
HAPROXY = f"""
defaults
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    mode http
    option splice-auto
    option splice-response
listen web
    bind {HOST}:{RELAY}
    server nginx {HOST}:{WEB}
"""

class Broken(Exception):
    """The program did not do its work."""


class Run:
    """One run of a workload in one setting. Its own programs get what the setting says, those that
    only make the load do not."""

    def __init__(self, prefix, folder, seconds):
        self.prefix = prefix
        self.folder = folder
        self.seconds = seconds

    def start(self, command, **how):
        return subprocess.Popen([str(word) for word in command], cwd=self.folder,
                                start_new_session=True, **how)

    def finish(self, command, **how):
        """What the command printed."""
        process = self.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, **how)
        try:
            output = process.communicate(timeout=LONGEST + 10 * self.seconds)[0].decode()
        except subprocess.TimeoutExpired as error:
            stop(process)
            raise Broken(f'{command[0]} hangs') from error
        if process.returncode:
            raise Broken(f'{command[0]}: exit {process.returncode}: {output[-200:]}')
        return output

    @contextlib.contextmanager
    def server(self, port, *command):
        with open(self.folder / 'server.log', 'wb') as log:
            process = self.start([*self.prefix, *command], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log)
        try:
            for _ in range(500):
                if process.poll() is not None:
                    raise Broken(f'{command[0]} ends with {process.returncode}')
                with contextlib.suppress(ConnectionError):
                    socket.create_connection((HOST, port), timeout=5).close()
                    break
                time.sleep(0.01)
            yield
        finally:
            stop(process)

    def wrk(self, port, path):
        """Answers per second."""
        out = self.finish(['wrk', '-t1', '-c8', f'-d{max(round(self.seconds), 1)}s', '--timeout=5s',
                           f'http://{HOST}:{port}/{path}'])
        if 'Socket errors' in out or 'Non-2xx' in out:
            raise Broken(f'wrk: {out[-200:]}')
        speed = float(re.search(r'Requests/sec: +([\d.]+)', out)[1])
        if speed == 0:
            raise Broken('wrk: no answer')
        return speed


def stop(process):
    """Ends a program and what it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
            return


def nginx(path):
    def work(run):
        with run.server(WEB, 'nginx', '-p', run.folder, '-c', 'nginx.conf', '-e', 'nginx.log'):
            return run.wrk(WEB, path)
    return work


def haproxy(path):
    # The web server is part of the load: it keeps the kernel's calls.
    def work(run):
        plain = Run([], run.folder, run.seconds)
        with plain.server(WEB, 'nginx', '-p', run.folder, '-c', 'nginx.conf', '-e', 'nginx.log'), \
                run.server(RELAY, 'haproxy', '-db', '-f', 'haproxy.cfg'):
            return run.wrk(RELAY, path)
    return work


def fio(run):
    out = run.finish([*run.prefix, 'fio', '--name=splice', '--ioengine=splice', '--rw=rw',
                      '--bs=64k', '--filename=fio.data', '--size=64M', '--time_based',
                      f'--runtime={max(run.seconds, 1):g}', '--output-format=json'])
    job = json.loads(out[out.index('{'):])['jobs'][0]
    return (job['read']['bw'] + job['write']['bw']) / 1024


def pipeline(stages):
    def work(run):
        script = ' | '.join(f'"$@" {stage}' for stage in stages)
        start, times = time.monotonic(), 0
        while times == 0 or time.monotonic() - start < run.seconds:
            run.finish(['bash', '-o', 'pipefail', '-c', f'{script} >/dev/null', '-',
                        *run.prefix])
            times += 1
        return times * 64 / (time.monotonic() - start)
    return work


WORKLOADS = {
    'nginx, 1 KiB': (nginx('1K'), 'answers/s'),
    'nginx, 100 KiB': (nginx('100K'), 'answers/s'),
    'nginx, 64 MiB': (nginx('64M'), 'answers/s'),
    'HAProxy, 1 KiB': (haproxy('1K'), 'answers/s'),
    'HAProxy, 100 KiB': (haproxy('100K'), 'answers/s'),
    'HAProxy, 64 MiB': (haproxy('64M'), 'answers/s'),
    'fio, splice': (fio, 'MiB/s'),
    'pv, 2 stages': (pipeline(['pv -q 64M', 'pv -q']), 'MiB/s'),
    'pv, 4 stages': (pipeline(['pv -q 64M', 'pv -q', 'pv -q', 'pv -q']), 'MiB/s'),
}


def settings(build):
    command = [str(pathlib.Path(build).resolve() / 'tools' / 'anysplice'), 'run', '--quiet',
               '--block']
    return {'kernel': [], 'anysplice': [*command, '--'],
            'refused, no help': [*command, '--no-preload', '--']}


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(work, prefix, folder, seconds):
    """(work per second, work per second of processor time), or None where it fails."""
    start, cpu = time.monotonic(), processor_time()
    try:
        speed = work(Run(prefix, folder, seconds))
    except Broken:
        return None
    return speed, speed * (time.monotonic() - start) / max(processor_time() - cpu, 1e-6)


def middle(values):
    low, median, high = (statistics.quantiles(values, n=4, method='inclusive')
                         if len(values) > 1 else values * 3)
    return [median, low, high]


def compare(name, build, folder, rounds, seconds):
    """A row: the kernel's speed, and for each other setting the ratios or None where it fails."""
    work, unit = WORKLOADS[name]
    ways = settings(build)
    seen = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways) if number % 2 == 0 else reversed(ways):
            seen[way].append(measure(work, ways[way], folder, seconds))
    row = {'workload': name, 'unit': unit}
    if None in seen['kernel']:
        raise SystemExit(f'{name} fails with the kernel\'s own calls')
    row['kernel'] = statistics.median(speed for speed, _ in seen['kernel'])
    for way in list(ways)[1:]:
        pairs = [(one, base) for one, base in zip(seen[way], seen['kernel']) if one is not None]
        row[way] = {'speed': middle([one[0] / base[0] for one, base in pairs]),
                    'cpu': middle([one[1] / base[1] for one, base in pairs]),
                    'failed': rounds - len(pairs)} if len(pairs) * 2 > rounds else None
    return row


def shown(result):
    if result is None:
        return f'{"fails":>17} {"":5}'
    median, low, high = result['speed']
    return f'{median:5.2f} ({low:4.2f}-{high:4.2f}) {result["cpu"][0]:5.2f}'


def picture(rows):
    """Bars of the speed relative to the kernel's; a line where both are equal."""
    left, scale, line = 150, 200, 34
    most = max([1.2] + [row[way]['speed'][0] for row in rows
                        for way in ('anysplice', 'refused, no help') if row[way]])
    width, height = left + scale * most + 60, line * len(rows) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
           'font-family="sans-serif" font-size="12">',
           '<text x="0" y="14">speed relative to the kernel\'s calls: dark anysplice, '
           'light the program\'s own fallback</text>']
    for number, row in enumerate(rows):
        top = 26 + number * line
        out.append(f'<text x="0" y="{top + 15}">{row["workload"]}</text>')
        for way, colour, down in (('anysplice', '#2a5d9f', 0), ('refused, no help', '#b9c8da', 12)):
            ratio = row[way]['speed'][0] if row[way] else 0
            out.append(f'<rect x="{left}" y="{top + down}" width="{ratio * scale:.0f}" height="11" '
                       f'fill="{colour}"/><text x="{left + ratio * scale + 4:.0f}" '
                       f'y="{top + down + 10}">{f"{ratio:.2f}" if ratio else "fails"}</text>')
    out.append(f'<line x1="{left + scale}" y1="20" x2="{left + scale}" y2="{height}" stroke="#888" '
               'stroke-dasharray="3"/></svg>')
    return '\n'.join(out) + '\n'


def prepare(folder):
    for name, size in (('1K', 1024), ('100K', 100 << 10), ('64M', 64 * MIB), ('fio.data', 64 * MIB)):
        (folder / name).write_bytes(os.urandom(min(size, MIB)) * max(size // MIB, 1))
    (folder / 'nginx.conf').write_text(NGINX)
    (folder / 'haproxy.cfg').write_text(HAPROXY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build', help='the folder in which anysplice was built')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--seconds', type=float, default=2, help='of each run (default 2)')
    parser.add_argument('--only', default='', help='workloads that have one of these texts')
    parser.add_argument('--json', action='store_true', help='print one JSON object a line')
    parser.add_argument('--svg', type=pathlib.Path, help='write a picture to this file')
    options = parser.parse_args()
    names = [name for name in WORKLOADS
             if any(text.strip() in name for text in options.only.split(','))]
    if not names:
        parser.error(f'there is no workload {options.only}; there are: ' + '; '.join(WORKLOADS))
    os.environ['PATH'] += ':/usr/sbin'
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        parser.error('these programs are missing: ' + ', '.join(missing))
    if not options.json:
        print(f'{"workload":17} {"kernel":>16}  {"anysplice":>17} {"cpu":>5}  '
              f'{"refused, no help":>17} {"cpu":>5}')
    rows = []
    with tempfile.TemporaryDirectory(prefix='anysplice-programs.') as folder:
        os.chmod(folder, 0o755)
        prepare(pathlib.Path(folder))
        for name in names:
            row = compare(name, options.build, pathlib.Path(folder), options.rounds, options.seconds)
            rows.append(row)
            print(json.dumps(row) if options.json else
                  f'{name:17} {row["kernel"]:6.0f} {row["unit"]:9}  {shown(row["anysplice"])}  '
                  f'{shown(row["refused, no help"])}', flush=True)
    if options.svg:
        options.svg.write_text(picture(rows))
    return 0


if __name__ == '__main__':
    sys.exit(main())
