"""Inside gVisor, whose kernel has splice, tee and sendfile, but no vmsplice: nothing is blocked
here, and anysplice is in auto mode, so it leaves the first three to gVisor."""

import re
import sys

import e2e
import gvisor
import under_test

SIZE = 4 * e2e.MIB


SANDBOX, REASON = gvisor.find_sandbox()
if not SANDBOX:
    print(f'1..0 # SKIP gVisor does not start here: {" ".join(REASON.split())}')
    sys.exit()

SETTINGS = [
    e2e.Setting('gVisor, no help', ('vmsplice',), 'ENOSYS', inside=SANDBOX),
    *(e2e.Setting(f'gVisor, anysplice, rings {rings}', ('vmsplice',), helped=True, rings=rings,
                  inside=SANDBOX) for rings in ('on', 'off')),
]


@e2e.test(carries={'vmsplice': 2 * SIZE}, settings=SETTINGS)
def fio_writes_and_verifies(box):
    box.run('fio', '--ioengine=splice', '--verify=crc32c', '--verify_fatal=1', f'--size={SIZE}',
            '--minimal', '--name=job', '--rw=randwrite', '--bs=64k')
    if box.setting.helped and under_test.NATIVE:
        assert box.counters()['splice.native_bytes'] >= 2 * SIZE  # gVisor has its own splice


@e2e.test(carries={'vmsplice': 2 * SIZE}, settings=SETTINGS)
def a_program_that_uses_syscall(box):
    box.make('in', SIZE)
    box.run(e2e.PROGRAMS / 'raw_calls', 'vmsplice', 'in', 'out')
    assert box.same('in', 'out')


@e2e.test(carries={'vmsplice': 200 * 65536}, settings=SETTINGS)
def stress_ng_vm_splice(box):
    out = box.run('bash', '-c', 'stress-ng --vm-splice 1 --vm-splice-ops 200 --verify '
                  '--metrics-brief --timeout 30 2>&1')
    done = re.search(r'\] vm-splice +(\d+) ', out)
    assert done and int(done[1]) >= 200, out


e2e.main()
