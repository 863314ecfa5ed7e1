"""The drop-in of `anysplice profile --systemd`, obeyed by a real systemd: in a container of its own,
where it starts nothing but the services of the test."""

import os
import pathlib
import subprocess
import sys

import own_systemd
import podman
import tap
from own_systemd import boot, make

if os.geteuid() != 0:
    print('1..0 # SKIP containers must be started as root')
    sys.exit()

SIZE = 300000
KERNEL_SAYS = tap.PROGRAMS / 'kernel_says'

engine = podman.Podman()


def drop_in(name, *options):
    folder = pathlib.Path(f'units/{name}.service.d')
    folder.mkdir(parents=True)
    text, _ = tap.run('profile', f'--systemd={name}', *options)
    (folder / '50-anysplice.conf').write_text(text)
    return text


problem = own_systemd.why_not(engine)
if problem:
    print(f'# no systemd in a container here, so its reading of the drop-in alone is tested: {problem}')


def with_systemd(function):
    return function if problem else tap.test(function)


def said(name):
    return dict(map(str.split, pathlib.Path(name).read_text().splitlines()))


COPIES = f'{tap.PROGRAMS}/raw_calls $call in $1.$call && cmp in $1.$call && echo $call well'
SCRIPT = f"""
for call in splice tee vmsplice sendfile; do
    {COPIES.replace('$1', '{name}')}
done >{{name}}.copies
{KERNEL_SAYS} >{{name}}.kernel
echo status $? >{{name}}.status
"""
WELL = dict.fromkeys(('splice', 'tee', 'vmsplice', 'sendfile'), 'well')


@tap.test
def systemd_understands_it():
    environment = {**os.environ, 'SYSTEMD_UNIT_PATH': str(pathlib.Path('units').absolute())}

    def complaints(text):
        pathlib.Path('units/fine.service.d/50-anysplice.conf').write_text(text)
        done = subprocess.run(['systemd-analyze', 'verify', 'units/fine.service'], timeout=60,
                              capture_output=True, text=True, env=environment)
        return [line for line in done.stderr.splitlines() if '50-anysplice' in line]

    make('fine')
    for options in ((), ('--sendfile',), ('--io-uring', '--sendfile')):
        (pathlib.Path('units') / 'fine.service.d').exists() or drop_in('fine')
        text, _ = tap.run('profile', '--systemd=fine', *options)
        assert not complaints(text), complaints(text)
    assert complaints(text.replace('splice:ENOSYS', 'splyce:ENOSYS')), 'nothing is looked at'


@with_systemd
def a_service_without_a_filter():
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for name, options in (('plain', None), ('three', ()), ('all', ('--sendfile', '--io-uring'))):
        make(name, SCRIPT.format(name=name))
        if options is not None:
            drop_in(name, *options)
    boot(engine, 'plain', 'three', 'all')
    for name in ('plain', 'three', 'all'):
        assert said(f'{name}.copies') == WELL, (name, said(f'{name}.copies'))
    refused = {name for name, what in said('three.kernel').items() if what == 'ENOSYS'}
    assert refused >= {'splice', 'tee', 'vmsplice'} and 'sendfile' not in refused, refused
    assert set(said('all.kernel').values()) == {'ENOSYS'}, said('all.kernel')
    assert said('plain.kernel')['splice'] == 'ok', said('plain.kernel')


@with_systemd
def a_service_whose_filter_kills():
    """Where the unit allows by a list, the calls get the errors all the same; where it kills by
    one, that may stay. The library, which is told, makes none of them."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    for name, filtering in (('allowing', '@system-service'),
                            ('killing', '~splice tee vmsplice sendfile')):
        make(name, SCRIPT.format(name=name), f'SystemCallFilter={filtering}')
        drop_in(name, '--sendfile')
    make('helpless', SCRIPT.format(name='helpless'), 'SystemCallFilter=~splice')
    boot(engine, 'allowing', 'killing', 'helpless')
    assert said('allowing.copies') == said('killing.copies') == WELL, said('killing.copies')
    assert 'splice' not in said('helpless.copies'), said('helpless.copies')
    assert said('helpless.status') == {'status': '159'}, said('helpless.status')  # by SIGSYS
    kernel = said('allowing.kernel')
    assert {kernel[call] for call in WELL} == {'ENOSYS'}, kernel
    print('# a list that kills, and then ours:', said('killing.status'))


@with_systemd
def a_service_of_an_ordinary_user():
    """NoNewPrivileges= is then implied; capabilities by AmbientCapabilities= leave the library."""
    pathlib.Path('in').write_bytes(os.urandom(SIZE))
    make('user', SCRIPT.format(name='user'),
         'User=nobody\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nProtectSystem=strict\n'
         f'ReadWritePaths={pathlib.Path.cwd()}\nMemoryDenyWriteExecute=yes\nPrivateDevices=yes')
    drop_in('user', '--sendfile')
    boot(engine, 'user')
    assert said('user.copies') == WELL, said('user.copies')
    assert said('user.kernel')['sendfile'] == 'ENOSYS', said('user.kernel')


try:
    tap.main()
finally:
    engine.close()
