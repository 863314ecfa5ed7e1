"""`anysplice run --check=reuse` and `explore --check=reuse` on programs with memory that is used again
while it is in a pipe (tests/samples/reused.cc), and on programs that wait."""

import json
import os
import pathlib
import subprocess

import tap

SAMPLE = pathlib.Path(os.environ['E2E_SAMPLES']) / 'sample_reused'

# With the kernel's calls there, which are not asked then, and refused.
SETTINGS = ([], ['--block=ENOSYS'], ['--block=EPERM'], ['--mode=auto', '--block'],
            ['--vmsplice=copy'])

# What is planted: what it is called, the function that does it, how the bytes left, how many.
PLANTED = {'changed': ('changed', 'send_with_header', 'file', 2),
           'freed': ('unmapped', 'send_and_free', 'file', 16384),
           'unmapped': ('unmapped', 'send_and_unmap', 'waiting', 16384),
           'pool': ('changed', 'send_from_pool', 'file', 2 * 4096)}


def check(mistake, *options, status, check='reuse'):
    tap.run('run', f'--check={check},json=found', *options, '--', SAMPLE, mistake, 'out',
            status=status)
    return json.loads(pathlib.Path('found').read_text())


def functions(finding):
    return [frame['function'].split('::')[-1].split('(')[0] for frame in finding['stack']]


@tap.test
def finds_what_is_planted():
    for setting in SETTINGS:
        for mistake, (what, function, left, size) in PLANTED.items():
            found = check(mistake, *setting, status=1)
            assert len(found['findings']) == 1, (setting, mistake, found)
            finding = found['findings'][0]
            assert (finding['what'], finding['left'], finding['bytes']) == (what, left, size), found
            assert functions(finding)[:2] == ['put', function], functions(finding)
            assert finding['program'] == str(SAMPLE), finding
            assert finding['stack'][0]['object'] == str(SAMPLE), finding
            assert found['followed'] == found['bytes'] and found['settled'] == 0, found


@tap.test
def the_sample_says_which_mistakes_it_has():
    done = subprocess.run([SAMPLE, 'chnaged', 'out'], capture_output=True, text=True,
                          timeout=tap.SECONDS)
    assert done.returncode == 2 and ' changed|freed|' in done.stderr, done


@tap.test
def finds_nothing_where_there_is_nothing():
    for setting in SETTINGS:
        found = check('none', *setting, status=0)
        assert found['findings'] == [] and found['vmsplices'] == 5, found
        assert found['followed'] == found['bytes'] == 5 * 16384, found


@tap.test
def says_which_call_and_which_byte():
    finding, = check('changed', status=1)['findings']
    assert (finding['call'], finding['length'], finding['byte']) == (1, 64, 5), finding
    assert (finding['was'], finding['is'], finding['times']) == (ord('h'), ord('7'), 1), finding
    finding, = check('pool', status=1)['findings']
    assert (finding['call'], finding['length'], finding['byte']) == (1, 4096, 0), finding
    assert (finding['was'], finding['is'], finding['times']) == (ord('1'), ord('3'), 2), finding


@tap.test
def what_is_meant_can_be_allowed():
    finding, = check('pool', status=1)['findings']
    frame = finding['stack'][1]
    place = f"{pathlib.Path(frame['object']).name}+{frame['offset']:#x}"
    for allowed in ('send_from_pool', place, f"{frame['object']}+{frame['offset']:#x}",
                    frame['function']):
        found = check('pool', status=0, check=f'reuse,allow=main_,allow={allowed}')
        assert [finding['allowed'] for finding in found['findings']] == [True], found
    for other in ('send_from', 'send_with_header', place + '0', 'x' + place):
        check('pool', status=1, check=f'reuse,allow={other}')


@tap.test
def reports_for_people():
    _, err = tap.run('run', '--check=reuse', '--', SAMPLE, 'changed', 'out', status=1)
    assert err.startswith('anysplice: reuse: 1 finding in 2 vmsplices of 164 bytes\n'), err
    assert 'memory was changed while it was in a pipe' in err, err
    assert 'byte 5, at 0x' in err and 'was 0x68 at the call, and 0x37 when it left' in err, err
    assert 'called at sample_reused+0x' in err and 'send_with_header()' in err, err
    _, err = tap.run('run', '--check=reuse', '--', SAMPLE, 'none', 'out')
    assert err == 'anysplice: reuse: 0 findings in 5 vmsplices of 81920 bytes\n', err


@tap.test
def the_exit_status_of_the_program_comes_first():
    for status in (0, 3):
        tap.run('run', '--check=reuse', '--', 'bash', '-c', f'{SAMPLE} pool out; exit {status}',
                status=status or 1)


@tap.test
def processes_are_counted_together_and_survive_a_kill():
    script = f'{SAMPLE} changed a & {SAMPLE} pool b & {SAMPLE} pool c & wait; kill -9 $$'
    tap.run('run', '--check=reuse,json=found', '--', 'bash', '-c', script, status=-9)
    found = json.loads(pathlib.Path('found').read_text())
    assert found['vmsplices'] == 2 + 3 + 3, found
    assert sorted(finding['times'] for finding in found['findings']) == [1, 4], found


WAYS = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
class iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(b'a' * 5000, 5000)
def put(end):
    one = iovec(ctypes.addressof(buffer), 5000)
    assert libc.vmsplice(end, ctypes.byref(one), 1, 0) == 5000
def change(letter):
    ctypes.memset(ctypes.addressof(buffer) + 4500, letter, 100)
r, w = os.pipe()
for way in sys.argv[1:]:
    change(97)
    put(w)
    change(98)
    if way == 'read':
        assert os.read(r, 5000)[4500:4600] == b'b' * 100
    elif way == 'unchanged':
        change(97)
        os.read(r, 5000)
    elif way == 'part':
        os.read(r, 4400)
        change(97)
        os.read(r, 600)
    elif way == 'socket':
        a, b = socket.socketpair()
        assert os.splice(r, a.fileno(), 5000) == 5000
    elif way == 'null':
        with open('/dev/null', 'wb') as null:
            os.splice(r, null.fileno(), 5000)
    elif way == 'settled':
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        change(97)
        os.read(r, 5000)
    elif way == 'tee':
        r2, w2 = os.pipe()
        assert libc.tee(r, w2, 5000, 0) == 5000
        change(97)
        os.read(r, 5000)
        change(98)
        os.read(r2, 5000)
"""


@tap.test
def knows_how_the_bytes_left():
    for way, expected in (('read', ['read']), ('unchanged', []), ('part', []),
                          ('socket', ['socket']), ('null', ['null']), ('tee', ['read']),
                          ('settled', ['settled'])):
        tap.run('run', '--check=reuse,json=found', '--', tap.PYTHON, '-c', WAYS, way,
                status=1 if expected else 0)
        found = json.loads(pathlib.Path('found').read_text())
        assert [finding['left'] for finding in found['findings']] == expected, (way, found)
        for finding in found['findings']:
            assert (finding['byte'], finding['bytes']) == (4500, 100), (way, finding)
        assert found['settled'] == (5000 if way == 'settled' else 0), (way, found)


@tap.test
def without_the_command_there_is_a_line():
    library = os.environ['E2E_LIBRARY']
    done = subprocess.run([SAMPLE, 'changed', 'out'], capture_output=True, timeout=tap.SECONDS,
                          env={**os.environ, 'LD_PRELOAD': library, 'ANYSPLICE_CHECK': 'reuse'})
    assert done.returncode == 0, done
    assert b'anysplice: reuse: memory that vmsplice 1 put into the pipe' in done.stderr, done
    done = subprocess.run([SAMPLE, 'changed', 'out'], capture_output=True, timeout=tap.SECONDS,
                          env={**os.environ, 'LD_PRELOAD': library, 'ANYSPLICE_CHECK': 'x'})
    assert done.returncode == 125 and b'is not' in done.stderr, done


@tap.test
def wrong_options_are_refused():
    for options, message in ((['--check=x'], "unknown check 'x'"),
                             (['--check=reuse,x'], "not 'x'"),
                             (['--check=reuse,allow='], "not 'allow='"),
                             (['--check=reuse', '--rings=off'], 'needs --rings=on'),
                             (['--check=reuse', '--mode=native'], 'needs --rings=on'),
                             (['--check=reuse', '--no-preload'], 'need the library')):
        _, err = tap.run('run', *options, '--', 'true', status=125)
        assert message in err, err


@tap.test
def explore_counts_it_as_a_finding():
    out, _ = tap.run('explore', '--json', '--check=reuse', '--output=out', '--max-runs=8', '--',
                     SAMPLE, 'changed', 'out', status=1)
    reused = [finding for finding in json.loads(out)['findings']
              if finding['verdict'] == 'reuses memory']
    assert len(reused) == 1 and 'send_with_header' in reused[0]['reused'][0], reused
    assert ' --check=reuse -- ' in reused[0]['repeat'], reused
    for mistake, check in ('changed', 'reuse,allow=send_with_header'), ('none', 'reuse'):
        out, _ = tap.run('explore', '--json', f'--check={check}', '--output=out', '--max-runs=3',
                         '--', SAMPLE, mistake, 'out')
        assert json.loads(out)['findings'] == [], out


@tap.test
def fio_and_stress_ng_wait():
    pathlib.Path('data').write_bytes(os.urandom(1 << 20))
    for words in (['fio', '--name=x', '--ioengine=splice', '--rw=randrw', '--bs=16k', '--size=1m',
                   '--verify=crc32c', '--verify_fatal=1', '--minimal', '--filename=data'],
                  ['stress-ng', '--vm-splice', '1', '--vm-splice-ops', '200', '--timeout', '20']):
        tap.run('run', '--check=reuse,json=found', '--', *words)
        found = json.loads(pathlib.Path('found').read_text())
        assert found['findings'] == [] and found['vmsplices'] > 30, (words, found)
        assert found['followed'] == found['bytes'], (words, found)


tap.main()
