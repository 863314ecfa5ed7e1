"""splice-conform and `anysplice conform`: no difference on a kernel whose answers were recorded; a
wrong one is found and named."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import xml.etree.ElementTree

import report_checks
import tap

PROGRAM = os.environ['E2E_CONFORM']
# What is built in, by name.
ALL_EXPECTED = {file.stem: json.loads(file.read_text())
                for file in pathlib.Path(os.environ['E2E_EXPECTED']).glob('*.json')}
EXPECTED = ALL_EXPECTED['linux-6.18']
SECONDS = 600
LIES = tap.PROGRAMS / 'lies'
FEW = 'tee.pipe_read_end_to_*.order'
HIT = 'tee.pipe_read_end_to_pipe_write_end.order'


def run(*words, status=0, says=''):
    """What it prints; `says` is in what it tells of errors."""
    done = subprocess.run(list(map(str, words)), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS)
    if status not in (None, done.returncode):
        raise AssertionError(f'exit {done.returncode}: {done.stderr[-500:]} ' + '\n'.join(
            re.findall(r'^not ok.*(?:\n .*)*', done.stdout, re.M)[:5]))
    assert says in done.stderr, done.stderr
    return done.stdout


def failed(report):
    return set(re.findall(r'^not ok \d+ - (\S+)$', report, re.M))


def recorded_here():
    return 'linux-' + '.'.join(os.uname().release.split('.')[:2]) in ALL_EXPECTED


@tap.test
def ids_are_those_that_were_recorded():
    listed = re.findall(r'^\S+', run(PROGRAM, '--list'), re.M)
    assert len(listed) == len(set(listed)) >= 3135, len(listed)
    assert set(listed) == set(EXPECTED['cases']), set(listed) ^ set(EXPECTED['cases'])
    assert all(re.fullmatch(r'[a-z_]+\.[a-z0-9_]+\.[a-z0-9_]+', one) for one in listed), listed
    for expected in ALL_EXPECTED.values():
        assert len(set(listed) & set(expected['cases'])) == len(expected['cases']) > 3100
        assert expected['recorded_on']['file system'] == 'ext4', expected['recorded_on']


@tap.test
def it_is_compared_with_the_nearest_kernel():
    words = [PROGRAM, '--only=tee.file_to_any.pairs']
    # A kernel that calls itself 2.6.60 and up is nearer to 6.1.
    report = run('setarch', '--uname-2.6', *words)
    assert f', compared with {ALL_EXPECTED["linux-6.1"]["system"]}\n' in report, report
    for name, expected in ALL_EXPECTED.items():
        report = run(*words, f'--expect={name}')
        assert f', compared with {expected["system"]}\n' in report, report
    release = os.uname().release.split('.')
    if int(release[0]) > 6 or release[0] == '6' and int(release[1]) >= 18:
        assert f', compared with {EXPECTED["system"]}\n' in run(*words)
    # That the other one is not the same is what it is there for.
    only = '--only=splice.dev_full_to_pipe.arguments'
    verdicts = [failed(run(PROGRAM, only, f'--expect={name}', status=None))
                for name in ALL_EXPECTED]
    assert verdicts[0] != verdicts[1], verdicts
    run(PROGRAM, '--expect=linux-1.0', status=2,
        says='cannot read linux-1.0; built in are linux-6.18, linux-6.1\n')


@tap.test
def it_says_what_answers_depend_on():
    recorded = dict(EXPECTED, recorded_on={**EXPECTED['recorded_on'], 'fs.pipe-max-size': '4096'})
    pathlib.Path('small.json').write_text(json.dumps(recorded))
    report = run(PROGRAM, '--only=tee.file_to_any.pairs', '--expect=small.json')
    assert ', where it was recorded 4096: answers may differ\n' in report, report


@tap.test
def nothing_differs_on_a_recorded_kernel():
    if not recorded_here():
        print(f'# not compared: this is Linux {os.uname().release}, which was not recorded')
        return
    report = run(PROGRAM)
    lines = re.findall(r'^(ok|not ok) (\d+) - ', report, re.M)
    assert report.startswith(f'TAP version 14\n1..{len(lines)}\n'), report[:200]
    assert [int(number) for _, number in lines] == list(range(1, len(lines) + 1))
    assert len(lines) == len(EXPECTED['cases'])


@tap.test
def a_wrong_answer_is_found_and_named():
    report = run(LIES, 'answer', PROGRAM, f'--only={FEW}', status=1)
    assert HIT in failed(report), report
    assert '  linux: "tee = EINVAL"\n  came: "tee = ENOSYS"\n' in report, report
    assert '  rests_on: "tee(2)' in report, report
    found = json.loads(run(LIES, 'answer', PROGRAM, f'--only={HIT}', '--json', status=1))
    [one] = found['differences']
    assert one['id'] == HIT and one['kinds'] == ['pipe'] and 'flags 0x1' in one['step'], one


@tap.test
def a_hang_is_a_result():
    report = run(LIES, 'hang', PROGRAM, '--only=tee.pipe_read_end_to_closed.order,read', status=1)
    assert failed(report) == {'tee.pipe_read_end_to_closed.order'}, report
    assert 'came: "blocks (S)"' in report, report
    assert re.search(r'^ok \d+ - read\.', report, re.M), report


@tap.test
def what_is_known_does_not_fail():
    report = run(LIES, 'answer', PROGRAM, f'--only={FEW}', status=1)
    known = failed(report)
    base = pathlib.Path('known')
    base.write_text(''.join(f'{one}  # a reason\n' for one in known))
    report = run(LIES, 'answer', PROGRAM, f'--only={FEW}', f'--baseline={base}')
    assert report.count('# TODO a known difference') == len(known), report
    # One that is new, and those that are gone.
    base.write_text('\n'.join(known - {HIT}))
    report = run(LIES, 'answer', PROGRAM, f'--only={FEW}', f'--baseline={base}', status=1)
    assert failed(report) == {HIT}, report
    report = run(PROGRAM, f'--only={FEW}', f'--baseline={base}',
                 status=0 if recorded_here() else 1)
    assert f'# gone: {min(known - {HIT})}\n' in report, report
    base.write_text('tee.never.order\n')
    run(PROGRAM, f'--baseline={base}', status=2)


@tap.test
def selections():
    listed = run(PROGRAM, '--list', '--only=tee,vmsplice', '--skip=property=order')
    ids = re.findall(r'^\S+', listed, re.M)
    assert ids and all(one.split('.')[0] in ('tee', 'vmsplice') for one in ids)
    assert not any(one.endswith('.order') for one in ids)
    report = run(PROGRAM, '--only=tee.proc_version_to_any.pairs,tee.file_to_any.pairs',
                 '--skip=kind=procfs,kind=device')
    assert re.search(r'^ok \d+ - tee.proc_version_to_any.pairs # SKIP --skip kind=procfs$', report,
                     re.M), report
    table = run(PROGRAM, '--only=tee.file_to_any.pairs', '--skip=kind=procfs', '--summary')
    assert 'procfs' not in table and re.search(r'^file +\d+/\d+$', table, re.M), table
    # Every call has its column.
    calls = {'splice', 'copy_file_range', 'read'}
    table = run(PROGRAM, '--only=splice.file_to_any.pairs,copy_file_range.file_to_any.pairs,'
                'read', '--summary', status=None)
    head = next(line for line in table.splitlines() if 'splice ' in line).split()
    assert calls <= set(head), table
    files = re.search(r'^file +(.*)$', table, re.M)[1].split()
    assert re.fullmatch(r'\d+/\d+', dict(zip(head, files))['copy_file_range']), table
    run(PROGRAM, '--only=nonsense', status=2)
    run(PROGRAM, '--nonsense', status=2)
    run(PROGRAM, 'nonsense', status=2)


@tap.test
def junit():
    run(LIES, 'answer', PROGRAM, f'--only={FEW},read', '--junit=report.xml', status=1)
    suites = {suite.get('name'): suite for suite in
              xml.etree.ElementTree.parse('report.xml').getroot()}
    assert set(suites) == {'tee', 'read'}, suites
    for suite in suites.values():
        assert int(suite.get('tests')) == len(suite.findall('testcase'))
        assert int(suite.get('failures')) == len(suite.findall('testcase/failure'))
    assert HIT in {one.get('name') for one in suites['tee'] if one.find('failure') is not None}
    failed_cases = {name for _, name, failed in report_checks.junit('report.xml') if failed}
    assert HIT in failed_cases and all(name.startswith('tee.') for name in failed_cases)


@tap.test
def what_is_recorded_is_expected():
    run(LIES, 'answer', PROGRAM, f'--only={FEW}', '--record=wrong.json')
    run(LIES, 'answer', PROGRAM, f'--only={FEW}', '--expect=wrong.json')
    report = run(PROGRAM, f'--only={FEW}', '--expect=wrong.json', status=1)
    assert HIT in failed(report), report
    report = run(PROGRAM, '--only=tee.file_to_any.pairs', '--expect=wrong.json')
    assert '# SKIP no expectation' in report, report
    pathlib.Path('broken.json').write_text('{"format": 1}')
    run(PROGRAM, '--expect=broken.json', status=2)


@tap.test
def what_a_machine_lacks_is_skipped():
    # A root that has the program, and a folder for files that can be written.
    root = pathlib.Path('root')
    for folder in ('proc', 'tmp'):
        (root / folder).mkdir(parents=True)
    shutil.copy(PROGRAM, root / 'splice-conform')
    (root / 'tmp').chmod(0o777)
    in_root = ['unshare', '--map-root-user', '--mount', 'sh', '-ec',
               'mount --rbind /proc "$0/proc"; exec chroot "$0" /splice-conform "$@"', root]
    report = run(*in_root, '--only=tee', status=0 if recorded_here() else None)
    assert not failed(report), report
    assert '# SKIP /dev/null cannot be opened here\n' in report, report
    assert '# SKIP /sys/devices/system/cpu/online cannot be opened here\n' in report, report
    assert '# SKIP no terminal can be made here\n' in report, report
    assert re.search(r'^ok \d+ - tee.pipe_read_end_to_any.pairs$', report, re.M), report
    # That of other processes, and none.
    run(*in_root[:2], '--pid', '--fork', *in_root[2:], status=2)
    in_root[-2] = 'exec chroot "$0" /splice-conform "$@"'
    run(*in_root, status=2)
    # What is left out is not recorded, nor expected of others.
    run(PROGRAM, '--only=tee.file_to_any.pairs,tee.dev_null_to_any.pairs', '--skip=kind=device',
        '--record=parts.json')
    assert json.loads(pathlib.Path('parts.json').read_text())['cases'] == {}


@tap.test
def few_descriptors_and_no_folder():
    limited = ['sh', '-c', 'ulimit -n 20; exec "$@"', 'sh', PROGRAM]
    report = run(*limited, '--only=tee.*_to_any.pairs', status=0 if recorded_here() else None)
    assert not failed(report), report
    done = subprocess.run([PROGRAM, '--only=tee'], env={'TMPDIR': '/proc'}, capture_output=True,
                          text=True, timeout=SECONDS)
    assert done.returncode == 2 and 'cannot make a file in /proc (' in done.stderr, done
    assert done.stdout == '', done


@tap.test
def under_another_command():
    report = run(tap.ANYSPLICE, 'conform', '--under', f"'{LIES}' answer", f'--only={HIT}', status=1)
    assert failed(report) == {HIT}, report
    run(tap.ANYSPLICE, 'conform', '--under=no-such-command -x', status=127,
        says="anysplice: --under: there is no 'no-such-command'\n")
    for words in (['--under'], ['--under=']):
        run(tap.ANYSPLICE, 'conform', *words, status=125, says='--under needs a command')
    run(tap.ANYSPLICE, 'conform', '--engine=sometimes', status=125)


@tap.test
def where_it_is_not_built():
    folder = pathlib.Path('tree/tools')
    folder.mkdir(parents=True)
    command = shutil.copy(tap.ANYSPLICE, folder)
    run(command, 'conform', status=125,
        says=f'looked for {folder.resolve()}/conform/splice-conform, '
             f'{folder.resolve()}/splice-conform\n')
    pathlib.Path('tree/build.ninja').touch()
    for words, name in ([], 'splice-conform'), (['--engine'], 'splice-conform-dynamic'):
        run(command, 'conform', *words, status=125,
            says=f"{name} is not built; 'ninja -C {folder.parent.resolve()} tools/conform/{name}'")


@tap.test
def the_engine():
    if not recorded_here():
        print('# the engine takes some answers from the kernel, and this one is not recorded')
        return
    # The calls are refused, so nothing but the engine can have answered.
    report = run(tap.ANYSPLICE, 'conform', '--engine',
                 '--only=call=pipe,call=watch,call=read,property=only_readable,property=more,'
                 'property=input,property=positions,property=part')
    assert '# TODO a known difference' in report, report


tap.main()
