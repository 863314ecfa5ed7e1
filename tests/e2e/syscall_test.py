"""A program that asks for the calls by number, through syscall(), and not by their libc names."""

import e2e

SIZE = 4 * e2e.MIB + 12345


def copies_by(call, carries):
    def copy(box):
        box.make('in', SIZE)
        box.run(e2e.PROGRAMS / 'raw_calls', call, 'in', 'out')
        assert box.same('in', 'out')

    copy.__name__ = f'syscall() {call}'
    e2e.test(carries)(copy)


copies_by('splice', {'splice': 2 * SIZE})
copies_by('tee', {'tee': SIZE, 'splice': SIZE})
copies_by('vmsplice', {'vmsplice': 2 * SIZE})
copies_by('sendfile', {'sendfile': SIZE})

e2e.main()
