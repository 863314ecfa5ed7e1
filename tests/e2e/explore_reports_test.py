"""`anysplice explore`: reports, jobs, interruptions, and as few faults as are enough."""

import html.parser
import json
import os
import pathlib
import shlex
import signal
import subprocess
import time

import report_checks
import tap

SAMPLES = pathlib.Path(os.environ['E2E_SAMPLES'])


def words_for(sample, *options, out='out', runs=60, timeout=3):
    pathlib.Path('in').write_bytes(bytes(range(256)) * 400)
    return ['explore', f'--output={out}', f'--max-runs={runs}', f'--timeout={timeout}', *options,
            '--', str(SAMPLES / f'sample_{sample}'), 'in', out]


def explore(sample, *options, status=1, **how):
    out, _ = tap.run(*words_for(sample, '--json', *options, **how), status=status)
    return json.loads(out)


def without_times(found):
    found = dict(found, clean={**found['clean'], 'seconds': 0}, resumed=0)
    for finding in found['findings']:
        finding['end'] = finding['end'].split(' after ')[0]
    return found


@tap.test
def junit():
    found = explore('no_fallback', '--junit=report.xml')
    cases = report_checks.junit('report.xml')
    assert len(cases) == found['tried'] > 10, cases
    assert sum(failed for _, _, failed in cases) == sum(
        finding['times'] for finding in found['findings']), cases
    assert ('anysplice.splice file->pipe', True) in {(kind, failed) for kind, _, failed in cases}
    assert len({case[:2] for case in cases}) == len(cases)
    text = pathlib.Path('report.xml').read_text(encoding='utf-8')
    assert 'anysplice run --inject splice:gone@1' in text, text
    explore('careful', '--junit=report.xml', status=0)
    assert not any(failed for _, _, failed in report_checks.junit('report.xml'))


@tap.test
def what_a_program_says_does_not_break_reports():
    program = pathlib.Path('says')
    program.write_text(f"""#!/bin/sh
{SAMPLES / 'sample_no_fallback'} "$@" && exit
printf '<&"\\001\\377]]>\\n' >&2
exit 3
""")
    program.chmod(0o755)
    pathlib.Path('in').write_bytes(b'x' * 5000)
    tap.run('explore', '--output=out', '--junit=j.xml', '--sarif=s.json', '--html=h.html',
            '--max-runs=20', '--', './says', 'in', 'out', status=1)
    assert any(failed for _, _, failed in report_checks.junit('j.xml'))
    results = report_checks.sarif(json.loads(pathlib.Path('s.json').read_text(encoding='utf-8')))
    assert '<&"' in results[0]['message']['text'], results[0]
    page = pathlib.Path('h.html').read_text(encoding='utf-8')
    assert 'It said: <code>&lt;&amp;&quot;?\ufffd]]&gt;</code>' in page, page


@tap.test
def sarif():
    found = explore('no_fallback', '--sarif=report.json')
    results = report_checks.sarif(json.loads(pathlib.Path('report.json').read_text()))
    assert len(results) == len(found['findings']) >= 3, results
    assert {result['ruleId'] for result in results} == {'fails'}
    assert [result['properties']['repeat'] for result in results] == [
        finding['repeat'] for finding in found['findings']]
    place = results[0]['locations'][0]['physicalLocation']['artifactLocation']['uri']
    assert place.endswith('/sample_no_fallback'), place
    explore('careful', '--sarif=report.json', status=0)
    assert report_checks.sarif(json.loads(pathlib.Path('report.json').read_text())) == []


class Page(html.parser.HTMLParser):
    """Tags that are closed in order, and what is directly in them."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.texts = []

    def handle_starttag(self, tag, attrs):
        self.open.append([tag, ''])

    def handle_startendtag(self, tag, attrs):
        assert tag == 'meta', tag

    def handle_endtag(self, tag):
        opened, text = self.open.pop()
        assert opened == tag, tag
        self.texts.append([tag, text])

    def handle_data(self, data):
        if self.open:
            self.open[-1][1] += data


@tap.test
def a_page():
    found = explore('no_fallback', '--html=report.html')
    page = Page()
    page.feed(pathlib.Path('report.html').read_text(encoding='utf-8'))
    assert not page.open, page.open
    assert sum(tag == 'h3' for tag, _ in page.texts) == len(found['findings']), page.texts
    # What failed, among the calls around it, and what repeats it.
    assert ['span', 'splice 1: file->pipe, 65536 = -1 ENOSYS   <- errno=ENOSYS'] in page.texts
    for finding in found['findings']:
        assert ['pre', finding['repeat']] in page.texts, page.texts


@tap.test
def the_same_with_two_jobs():
    for sample in ('no_fallback', 'short_count', 'careful'):
        status = 0 if sample == 'careful' else 1
        one, two = (without_times(explore(sample, f'--jobs={jobs}', out='out.{job}', runs=40,
                                          status=status)) for jobs in (1, 2))
        assert one == two, (one, two)
    assert pathlib.Path('out.2').exists()
    assert 'in out.1' in one['command'], one


@tap.test
def jobs_do_not_share_a_file():
    _, err = tap.run(*words_for('careful', '--jobs=2'), status=125)
    assert '{job}' in err, err


@tap.test
def goes_on_after_an_interruption():
    whole = explore('no_fallback', runs=40)
    process = subprocess.Popen([tap.ANYSPLICE, *words_for('no_fallback', '--resume=state', runs=40)],
                               stdout=subprocess.DEVNULL)
    end = time.monotonic() + tap.SECONDS
    state = pathlib.Path('state')
    while not state.exists() or state.read_text().count('\n') < 9:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(tap.SECONDS) == -signal.SIGINT
    # It may have died in the middle of a line.
    with state.open('a') as file:
        file.write('{"spec":"splice')
    found = explore('no_fallback', '--resume=state', runs=40)
    assert 4 <= found['resumed'] < found['runs'], found
    assert without_times(found) == without_times(whole), (found, whole)
    again = explore('no_fallback', '--resume=state', runs=40)
    assert again['resumed'] == again['runs'] - 2, again
    assert without_times(again) == without_times(whole)


@tap.test
def does_not_go_on_with_another_test():
    explore('no_fallback', '--resume=state', runs=4, status=0)
    _, err = tap.run(*words_for('careful', '--resume=state'), status=125)
    assert 'of another test' in err, err
    pathlib.Path('state').write_text('hello\n')
    _, err = tap.run(*words_for('careful', '--resume=state'), status=125)
    assert 'not written by explore' in err, err


@tap.test
def stops_when_the_time_is_up():
    pathlib.Path('in').write_bytes(b'x' * 1000)
    start = time.monotonic()
    out, _ = tap.run('explore', '--json', '--output=out', '--budget=3s', '--', 'sh', '-c',
                     f'sleep 0.5; exec {SAMPLES / "sample_careful"} in out')
    assert json.loads(out)['not_tried'] > 10 and time.monotonic() - start < 60, out
    # Without a limit on the number of runs.
    found = explore('careful', '--budget=10m', '--max-runs=500', status=0)
    assert found['not_tried'] == 0, found


@tap.test
def as_few_faults_as_are_enough():
    # Two short counts it would survive.
    program = """
import os
source, target = os.open('in', os.O_RDONLY), os.open('out', os.O_WRONLY | os.O_CREAT)
read_end, write_end = os.pipe()
short = 0
while moved := os.splice(source, write_end, 4096):
    short += moved == 1
    while moved: moved -= os.splice(read_end, target, moved)
if short >= 3: raise SystemExit('three bytes')
"""
    pathlib.Path('in').write_bytes(b'x' * 49_152)
    out, _ = tap.run('explore', '--json', '--output=out', '--max-runs=120', '--', tap.PYTHON, '-c',
                     program, status=1)
    found = [finding for finding in json.loads(out)['findings']
             if finding['failure'] == 'one byte each at first']
    assert len(found) == 1 and found[0]['faults'] == 10, found
    assert len(found[0]['fewest']) == 3, found
    words = shlex.split(found[0]['repeat'])
    assert words[3].count('limit=1@') == 3, words
    done = subprocess.run([tap.ANYSPLICE, *words[1:]], capture_output=True, timeout=tap.SECONDS)
    assert done.returncode == 1 and b'three bytes' in done.stderr, done


@tap.test
def says_what_is_wrong_with_options():
    for word, message in (('--jobs=0', 'number from 1 to 64'), ('--budget=5', 'such as 90s'),
                          ('--budget=0s', 'such as 90s'), ('--junit=', 'needs a file name'),
                          ('--resume=', 'needs a file name'),
                          ('--sarif=/nowhere/x', 'No such file')):
        _, err = tap.run(*words_for('careful', word), status=125)
        assert message in err, err


tap.main()
