"""pv, which splices whenever one side of it is a pipe."""

import e2e

SIZE = 16 * e2e.MIB + 12345


def pipeline(name, script, carries):
    """A pipeline from the file `in` to the file `out`; PV stands for pv under anysplice."""

    def pv(box):
        box.make('in', SIZE)
        box.shell(script.replace('PV', box.stage('pv', '-q')))
        assert box.same('in', 'out')

    pv.__name__ = name
    e2e.test({'splice': carries}, falls_back=('ENOSYS', 'EPERM'))(pv)


pipeline('pv from a file to a pipe', 'PV in | cat > out', SIZE)
pipeline('pv from a pipe to a file', 'cat in | PV > out', SIZE)
pipeline('pv from a pipe to a pipe', 'cat in | PV | cat > out', SIZE)
pipeline('pv from a file to a file', 'PV in > out', 0)  # no pipe: not a case for splice
pipeline('pv with a size', f'cat in | PV -s {SIZE} | cat > out', SIZE)
pipeline('pv with a rate', 'PV -L 100m in | cat > out', SIZE // 2)


# Without splice pv reads on beyond the size, and the bytes are lost to whoever comes next.
@e2e.test(carries={'splice': 1000000})
def pv_takes_its_size_and_no_more(box):
    box.make('in', SIZE)
    pv = box.stage('pv', '-q', '-S', '-s', '1000000')
    box.shell(f'cat in | {{ {pv} | cat > head; cat > tail; }}; cat head tail > out')
    assert (box.folder / 'head').stat().st_size == 1000000
    assert box.same('in', 'out')


@e2e.test(falls_back=('ENOSYS', 'EPERM'))
def pv_watches_a_descriptor_of_another_process(box):
    box.make('in', SIZE)
    pv = box.stage('pv', '-d', 'PID').replace('PID', '$!:3')
    box.shell(f'exec 3< in; sleep 0.5 & {pv}')


e2e.main()
