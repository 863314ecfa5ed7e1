"""stress-ng's stressors of the four calls, with its own verification."""

import re

import e2e


def stressor(name, operations, carries, falls_back=()):
    def stress(box):
        option = f'--{name}'
        out = box.run('bash', '-c', f'stress-ng {option} 1 {option}-ops {operations} --verify '
                      '--metrics-brief --timeout 30 2>&1')
        # A stressor whose call is missing ends early and calls that a success.
        done = re.search(rf'\] {name} +(\d+) ', out)
        assert done and int(done[1]) >= operations, out

    stress.__name__ = f'stress-ng_{name}'
    e2e.test(carries, falls_back)(stress)


# The least that an operation moves.
stressor('splice', 2000, {'splice': 2000 * 4 * 4096})
stressor('tee', 500, {'tee': 500 * 16, 'splice': 500 * 16})
stressor('vm-splice', 2000, {'vmsplice': 2000 * (65536 + 4096), 'splice': 2000 * 65536})
stressor('sendfile', 50, {'sendfile': 50 * 4 * e2e.MIB})

e2e.main()
