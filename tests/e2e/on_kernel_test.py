"""tools/conform/on_kernel.sh: splice-conform on another kernel, by user-mode Linux."""

import json
import os
import pathlib
import subprocess

import report_checks
import tap

PROGRAM = os.environ['E2E_CONFORM']
SCRIPT = pathlib.Path(__file__).parents[2] / 'tools/conform/on_kernel.sh'
EXPECTED = json.loads((pathlib.Path(os.environ['E2E_EXPECTED']) / 'linux-6.1.json').read_text())
FEW = '--only=tee.file_to_any.pairs,tee.pipe_read_end_to_*.order'


def on_kernel(*words, status=0):
    # What user-mode Linux of 6.1 saves of a processor's registers has no room for those of AMX.
    if 'amx_tile' in pathlib.Path('/proc/cpuinfo').read_text():
        raise tap.Skip('user-mode Linux 6.1 does not start on this processor')
    done = subprocess.run([SCRIPT, '--uml', *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=500,
                          env={**os.environ, 'ON_KERNEL_SECONDS': '400'})
    assert done.returncode == status, done
    return done


@tap.test
def a_kernel_answers_what_was_recorded():
    found = json.loads(on_kernel(PROGRAM, FEW, '--json', '--junit=report.xml').stdout)
    assert found['system'] != f'Linux {os.uname().release}', found['system']
    assert found['same'] == found['cases'] == 10 and not found['skipped'], found
    assert len(report_checks.junit('report.xml')) == found['cases']
    if found['system'].startswith('Linux 6.1.'):
        assert found['expected'] == EXPECTED['system'], found


@tap.test
def files_go_in_and_out():
    on_kernel(PROGRAM, FEW, '--record=here.json')
    recorded = json.loads(pathlib.Path('here.json').read_text())
    assert recorded['recorded_on']['file system'] == 'ext4', recorded['recorded_on']
    hit = min(recorded['cases'])
    recorded['cases'][hit] = []  # it was something else
    pathlib.Path('here.json').write_text(json.dumps(recorded))
    done = on_kernel('--take=here.json', PROGRAM, FEW, '--expect=here.json', status=1)
    assert f' - {hit}\n' in done.stdout.split('not ok', 1)[1], done


@tap.test
def it_says_what_is_wrong():
    done = on_kernel(PROGRAM, '--nonsense', status=2)
    assert "Try 'splice-conform --help'" in done.stderr, done
    on_kernel('--nonsense', status=2)
    pathlib.Path('bin').mkdir()
    for name in ('bash', 'sed'):
        pathlib.Path('bin', name).symlink_to(f'/bin/{name}')
    done = subprocess.run([SCRIPT, '--uml', PROGRAM], capture_output=True, text=True, timeout=60,
                          env={'PATH': str(pathlib.Path('bin').resolve())})
    assert done.returncode == 1 and "in Debian's package" in done.stderr, done


tap.main()
