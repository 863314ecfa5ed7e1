"""The programs of docs/found work where the calls are refused; without them the scripts say what they
need. Those that tools/packages.sh installs must be there, of the others those that are."""

import filecmp
import os
import pathlib
import re
import shutil
import signal
import subprocess

import tap
import under_test

FOUND = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'found'
CALLS = '--block-calls=splice,tee,vmsplice,sendfile,copy_file_range'
# SCRIPT: the program that it runs, and whether that fails without anysplice.
SCRIPTS = {
    'apache': ('apache2', True),
    'busybox_cp': ('busybox', False),
    'busybox_httpd': ('busybox', False),
    'civetweb': ('civetweb', False),
    'coreutils_cat': ('cat', False),
    'coreutils_cp': ('cp', False),
    'erlang': ('erl', True),
    'filesystem': ('c++', True),
    'gio': ('gio', True),
    'guile': ('guile', True),
    'gunicorn': ('gunicorn', False),
    'lighttpd': ('lighttpd', True),
    'lighttpd_cgi': ('lighttpd', True),
    'lighttpd_proxy': ('lighttpd', True),
    'luv': ('lua5.3', True),
    'node': ('node', True),
    'ostree': ('ostree', True),
    'proftpd': ('proftpd', False),
    'rust_cat': ('coreutils', False),
    'rust_cp': ('coreutils', False),
    'samba': ('smbd', True),
    'socket_proxyd': ('/lib/systemd/systemd-socket-proxyd', True),
    'tmpfiles': ('systemd-tmpfiles', True),
    'uwsgi': ('uwsgi-core', True),
    'xfs_io': ('xfs_io', True),
}
AS_ROOT = ('proftpd', 'samba')
# Not among what tools/packages.sh installs: large, or they would start services.
OPTIONAL = ('apache2', 'civetweb', 'erl', 'gio', 'guile', 'gunicorn', 'node', 'ostree', 'proftpd',
            'smbd', 'uwsgi-core', 'xfs_io')
SOURCED = ('compare', 'fetch', 'need')
SIZE = 300_000


def works(script, *options):
    """Whether it ends with 0 and has made `out` what `in` is."""
    pathlib.Path('out').unlink(missing_ok=True)
    process = subprocess.Popen(
        [tap.ANYSPLICE, 'run', '--quiet', '--block=EPERM', CALLS, *options, '--', script],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        status = process.wait(tap.SECONDS)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return status == 0 and pathlib.Path('out').exists() and filecmp.cmp('in', 'out', shallow=False)


def add(name, program, fails):
    def function():
        if not under_test.NATIVE:
            raise tap.Skip('it is about the calls of this kernel')
        if program in OPTIONAL and shutil.which(program) is None:
            raise tap.Skip(f'there is no {program}')
        if name in AS_ROOT and os.geteuid() != 0:
            raise tap.Skip('it must be started as root')
        pathlib.Path('in').write_bytes(os.urandom(SIZE))
        script = FOUND / f'{name}.sh'
        assert works(script, '--no-preload') != fails, 'without anysplice'
        assert works(script), 'with anysplice'
    function.__name__ = name
    tap.test(function)


@tap.test
def a_script_says_what_it_needs():
    # There is nothing but what the scripts find each other with.
    pathlib.Path('bin').mkdir()
    pathlib.Path('bin/dirname').symlink_to(shutil.which('dirname'))
    scripts = [one for one in sorted(FOUND.glob('*.sh')) if one.stem not in SOURCED]
    assert len(scripts) >= len(SCRIPTS), scripts
    for script in scripts:
        done = subprocess.run(['/bin/bash', script, 'here'], capture_output=True, text=True,
                              timeout=tap.SECONDS, stdin=subprocess.DEVNULL,
                              env={'PATH': str(pathlib.Path('bin').resolve()), 'JAVA_HOME': '/nowhere'})
        assert done.returncode == 127, (script, done)
        assert re.fullmatch(rf"{script.name}: there is no \S+: it needs Debian's package \S+\n",
                            done.stderr), (script, done)


def compare(*scripts, anysplice=tap.ANYSPLICE, path=os.environ['PATH']):
    done = subprocess.run([FOUND / 'compare.sh', *scripts], capture_output=True, text=True,
                          timeout=10 * tap.SECONDS, stdin=subprocess.DEVNULL,
                          env={'PATH': path, 'ANYSPLICE': anysplice, 'JAVA_HOME': '/nowhere'})
    return done.returncode, done.stdout, done.stderr


@tap.test
def what_cannot_be_compared_is_told():
    status, out, err = compare()
    assert (status, out) == (2, '') and '$ANYSPLICE' in err, err
    status, out, err = compare('busybox_cp.sh', anysplice='/nowhere/anysplice')
    assert (status, out) == (127, '') and "there is no '/nowhere/anysplice'" in err, err
    for script in 'nosuch.sh', 'need.sh':
        status, out, err = compare('busybox_cp.sh', script)
        assert (status, out) == (2, '') and f"there is no script '{script}' in {FOUND}" in err, err
    # Of two, the one whose program is there is compared.
    status, out, err = compare('java.sh', 'busybox_cp.sh')
    assert status == 1 and 'java.sh: there is no /nowhere/' in err, err
    lines = out.splitlines()
    assert len(lines) == 9 and all(re.match('busybox_cp.sh --.*: status ', one) for one in lines), out
    if under_test.NATIVE:
        assert all(line.endswith(': status 0, the same') for line in lines), out


for name, (program, fails) in SCRIPTS.items():
    add(name, program, fails)
tap.main()
