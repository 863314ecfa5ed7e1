"""What others put into their CI (tools/ci, docs/ci), each run as far as it can be run here, against an
installed tree: the action's steps, the job of GitLab, CTest, pytest, Go and cargo."""

import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import installed
import tap
import yaml

SAMPLES = installed.BUILD / 'tests' / 'samples'
KIT = installed.SOURCE / 'tools' / 'ci'
RECIPES = installed.SOURCE / 'docs' / 'ci'

tree = installed.Tree()
PATH = {'PATH': f'{tree.command.parent}:{os.environ["PATH"]}'}


def release():
    """The installed tree as a tarball: bin/, lib/, ..."""
    with tarfile.open('release.tar', 'w') as tar:
        tar.add(tree.command.parent.parent, 'anysplice')
    return pathlib.Path('release.tar').absolute()


def shell(script, environment, status=0):
    return installed.run('sh', '-e', '-c', script, environment=environment, status=status)


def with_values(text, values):
    """Puts in what GitHub would. A name that is not there is a mistake."""
    return re.sub(r'\$\{\{ *([\w.]+) *\}\}', lambda found: values[found[1]], text)


def act(status=0, **inputs):
    """Runs the shell steps of the action in order, as a job would; returns what the last printed."""
    action = yaml.safe_load((KIT / 'action.yml').read_text())
    assert action['runs']['using'] == 'composite'
    pathlib.Path('path').write_text('')
    pathlib.Path('temp').mkdir(exist_ok=True)
    values = {'github.action_path': str(KIT), 'runner.temp': str(pathlib.Path('temp').absolute())}
    for name, about in action['inputs'].items():
        assert about['description'] and ('default' in about) != about.get('required', False), name
        values[f'inputs.{name}'] = inputs.pop(name) if name in inputs else about['default']
    assert not inputs, inputs
    out = ''
    steps = action['runs']['steps']
    for number, step in enumerate(steps):
        if 'uses' in step:  # only GitHub has it
            assert step['if'] == 'always()' and step['uses'].startswith('actions/upload-artifact@')
            reports = with_values(step['with']['path'], values)
            continue
        environment = {name: with_values(text, values)
                       for name, text in step.get('env', {}).items()}
        added = pathlib.Path('path').read_text().split()
        environment |= {'PATH': ':'.join([*added, os.environ['PATH']]),
                        'GITHUB_PATH': str(pathlib.Path('path').absolute())}
        last = number == len(steps) - 2
        out = shell(with_values(step['run'], values), environment, status if last else 0)
    return out, pathlib.Path(reports)


def make():
    pathlib.Path('in').write_bytes(os.urandom(100_000))


@tap.test
def the_action_explores():
    make()
    out, reports = act(command=f'{SAMPLES}/sample_careful in out', options='--output=out',
                       release=str(release()))
    assert 'failures tried' in out, out
    assert {path.name for path in reports.iterdir()} == {
        'explore.xml', 'explore.sarif', 'explore.html'}
    shutil.rmtree(reports)
    out, reports = act(command=f'{SAMPLES}/sample_no_fallback in out', status=1,
                       options="--output=out --max-runs=20", release=str(release()),
                       reports='some where')
    assert 'gone from there on' in out and (reports / 'explore.xml').stat().st_size, out


@tap.test
def the_action_runs():
    make()
    act(what='run', command=f'{SAMPLES}/sample_careful in out', release=f'file://{release()}',
        options="--inject='splice:short=0.5;seed=3'")
    recorded = pathlib.Path('anysplice-reports', 'decisions').read_text()
    assert '# spec: splice:short=0.5;seed=3' in recorded and 'limit=' in recorded, recorded
    # With what only a shell understands, and, without that, static.
    act(what='run', command=f'cd . && {SAMPLES}/sample_careful in out', options='--block',
        release=str(release()))
    for command in f'{SAMPLES}/static_careful in out', f'X=1 {SAMPLES}/sample_careful in out':
        out, _ = act(command=command, options='--max-runs=5', release=str(release()))
        assert 'in 1 process' in out, out
    act(what='look', command='true', release=str(release()), status=2)


@tap.test
def a_release_that_is_none():
    with tarfile.open('empty.tar', 'w'):
        pass
    out = installed.run('sh', KIT / 'install.sh', 'to', environment={'RELEASE': 'empty.tar'}, status=1)
    assert 'no bin/anysplice' in out, out


@tap.test
def gitlab():
    make()
    inputs, job = yaml.safe_load_all((KIT / 'gitlab.yml').read_text())
    given = {'command': f'{SAMPLES}/sample_no_fallback in out', 'options': '--output=out',
             'source': 'source', 'release': str(release()), 'before': 'touch built', 'ref': 'main'}
    values = {name: given.pop(name) if name in given else about['default']
              for name, about in inputs['spec']['inputs'].items()}
    assert not given, given

    def put_in(text):
        return re.sub(r'\$\[\[ inputs\.(\w+) \]\]', lambda found: values[found[1]], text)

    (name, what), = job.items()
    assert put_in(name) == 'anysplice'
    # A repository that has the kit, which is cloned.
    pathlib.Path('source', 'tools').mkdir(parents=True)
    shutil.copytree(KIT, 'source/tools/ci')
    for words in (['init', '-q', '-b', 'main'], ['add', '.'],
                  ['-c', 'user.name=n', '-c', 'user.email=e', 'commit', '-qm', 'kit']):
        installed.run('git', '-C', 'source', *words)
    environment = {key: put_in(value) for key, value in what['variables'].items()}
    out = shell('\n'.join(map(put_in, what['script'])), environment, status=1)
    assert 'gone from there on' in out and pathlib.Path('built').exists(), out
    reports = what['artifacts']['reports']['junit']
    assert [path.name for path in pathlib.Path('.').glob(reports)] == ['explore.xml']


CMAKE = """
cmake_minimum_required(VERSION 3.13)
project(copies C)
enable_testing()
find_package(anysplice REQUIRED)
add_executable(careful IMPORTED)
set_target_properties(careful PROPERTIES IMPORTED_LOCATION "{samples}/sample_careful")
anysplice_add_explore_test(NAME survives COMMAND careful "{folder}/in" out OUTPUT out)
anysplice_add_explore_test(NAME fails COMMAND "{samples}/sample_no_fallback" "{folder}/in" out
  OUTPUT out BUDGET 30s OPTIONS --max-runs=20 TIMEOUT 100)
"""


@tap.test
def ctest():
    if shutil.which('ctest') is None:
        raise tap.Skip('there is no CTest')
    make()
    pathlib.Path('CMakeLists.txt').write_text(
        CMAKE.format(samples=SAMPLES, folder=pathlib.Path.cwd()))
    configure = ['cmake', '-B', 'built', f'-Danysplice_DIR={tree.libraries}/cmake/anysplice']
    installed.run(*configure)
    out = installed.run('ctest', '--output-on-failure', folder='built', status=8)
    assert re.search(r'survives \.+ +Passed', out) and re.search(r'fails \.+\*+Failed', out), out
    assert 'gone from there on' in out, out
    for name in 'survives', 'fails':
        assert '<testsuites' in pathlib.Path('built', f'{name}.xml').read_text(), name
    pathlib.Path('CMakeLists.txt').write_text(
        CMAKE.format(samples=SAMPLES, folder='.').replace('COMMAND careful', 'careful'))
    assert 'needs NAME and COMMAND' in installed.run(*configure, status=1)


PYTEST = """
import os, pathlib

SAMPLES = {samples!r}

def test_copies(tmp_path):
    (tmp_path / 'in').write_bytes(bytes(100_000))
    source, target = open(tmp_path / 'in', 'rb'), open(tmp_path / 'out', 'wb')
    assert os.sendfile(target.fileno(), source.fileno(), 0, 100_000) == 100_000

def test_run(anysplice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path('in').write_bytes(os.urandom(100_000))
    anysplice.run(SAMPLES + '/sample_careful', 'in', 'out', inject='splice:short')
    anysplice.run(SAMPLES + '/sample_no_fallback', 'in', 'out', inject='splice:enosys', status=1)

def test_survives(anysplice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path('in').write_bytes(os.urandom(100_000))
    report = anysplice.explore(SAMPLES + '/sample_careful', 'in', 'out', output=['out'])
    assert report['tried'] > 5

def test_finds(anysplice, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path('in').write_bytes(os.urandom(100_000))
    anysplice.explore(SAMPLES + '/sample_no_fallback', 'in', 'out', output=['out'],
                      options=['--max-runs=20'])
"""


@tap.test
def pytest():
    if subprocess.run([tap.PYTHON, '-c', 'import pytest'], capture_output=True).returncode:
        raise tap.Skip('there is no pytest')
    plugin, = tree.root.glob('**/share/anysplice/pytest_anysplice.py')
    pathlib.Path('test_copy.py').write_text(PYTEST.format(samples=str(SAMPLES)))

    def run(*words, status=0):
        return installed.run(tap.PYTHON, '-B', '-m', 'pytest', '-p', 'pytest_anysplice', '-p',
                             'no:cacheprovider', '-q', *words, status=status,
                             environment={**PATH, 'PYTHONPATH': str(plugin.parent)})

    out = run(status=1)
    assert '3 passed' in out and '1 failed' in out and 'test_finds' in out, out
    assert 'fails: gone from there on (ENOSYS), splice:gone@1' in out, out
    assert re.search(r'^  anysplice run --inject \S*splice:gone@1\S* -- \S+no_fallback in out$', out, re.M), out
    # All of pytest under anysplice: the test itself is short of bytes then.
    out = run('--anysplice=--inject=sendfile:limit=1000', '-k', 'test_copies', status=1)
    assert 'assert 1000 == 100' in out, out
    assert '1 passed' in run('--anysplice=', '-k', 'test_copies')
    assert 'no command' in run('--anysplice-command=none', '--anysplice=', status=4)


@tap.test
def go():
    if shutil.which('go') is None:
        raise tap.Skip('there is no Go')
    make()
    pathlib.Path('go.mod').write_text('module relay\n')
    shutil.copy(pathlib.Path(__file__).parent / 'relay_test.go', '.')
    environment = {**PATH, 'CGO_ENABLED': '0', 'GOFLAGS': '-mod=mod',
                   'GOCACHE': str(pathlib.Path('cache').absolute())}
    done = subprocess.run(['sh', RECIPES / 'go.sh', '.', '--max-runs=12'], capture_output=True,
                          text=True, env={**os.environ, **environment}, timeout=installed.SECONDS)
    said = done.stdout + done.stderr
    # Which failures it survives depends on the version; that its calls are seen does not.
    assert done.returncode in (0, 1), said
    assert re.search(r'makes [1-9]\d* calls? in 1 process', done.stdout), said
    assert re.search(r'[1-9]\d* failures? tried', done.stdout), said


RUST = """
#[test]
fn copies() {
    assert_eq!(std::fs::copy("in", "out").unwrap(), 100_000);
    assert_eq!(std::fs::read("in").unwrap(), std::fs::read("out").unwrap());
}
"""


@tap.test
def cargo():
    if shutil.which('cargo') is None:
        raise tap.Skip('there is no cargo')
    make()
    pathlib.Path('Cargo.toml').write_text(
        '[package]\nname = "copies"\nversion = "0.1.0"\nedition = "2021"\n')
    for folder in 'src', 'tests':
        pathlib.Path(folder).mkdir()
    pathlib.Path('src/lib.rs').write_text('')
    pathlib.Path('tests/copy.rs').write_text(RUST)
    environment = {**PATH, 'CARGO_NET_OFFLINE': 'true'}
    # Dynamically linked, by the library; static, by the supervisor.
    for flags in '', '-C target-feature=+crt-static':
        done = subprocess.run(['sh', RECIPES / 'cargo.sh', '--max-runs=12', '--', '--test=copy'],
                              capture_output=True, text=True, timeout=installed.SECONDS,
                              env={**os.environ, **environment, 'RUSTFLAGS': flags})
        said = done.stdout + done.stderr
        assert done.returncode in (0, 1), said
        assert re.search(r'makes [1-9]\d* calls? in 1 process', done.stdout), said
        assert 'copy_file_range' in done.stdout or done.returncode == 0, said


tap.main()
