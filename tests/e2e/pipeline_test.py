"""Shell pipelines of three and more stages, in which spliced and plain stages take turns."""

import e2e

SIZE = 16 * e2e.MIB + 12345
BOTH = ('ENOSYS', 'EPERM')
TEE_TO_FILE = e2e.PROGRAMS / 'tee_to_file'
PEEK = e2e.PROGRAMS / 'peek'


def pipeline(name, script, carries, falls_back=(), size=SIZE, same=('out',)):
    """A plain shell runs the script; PV, TEE and PEEK stand for programs under anysplice.

    It copies the file `in`; the files named in `same` must be copies of it afterwards.
    """

    def run(box):
        box.make('in', size)
        words = {'PV': ('pv', '-q'), 'TEE': (TEE_TO_FILE,), 'PEEK': (PEEK,)}
        line = ' '.join(box.stage(*words[word]) if word in words else word
                        for word in script.split())
        box.shell(line)
        assert box.same('in', *same)

    run.__name__ = f'pipeline {name}'
    e2e.test(carries, falls_back)(run)


def whole(name, script, carries, falls_back=(), same=('out',)):
    """The shell itself and everything in it run under anysplice."""

    def run(box):
        box.make('in', SIZE)
        box.run('bash', '-o', 'pipefail', '-c', script)
        assert box.same('in', *same)

    run.__name__ = f'whole pipeline {name}'
    e2e.test(carries, falls_back)(run)


# A plain writer or reader beside every spliced stage.
pipeline('with plain stages between', 'cat in | PV | cat | PV | tr x x | PV > out',
         {'splice': 3 * SIZE}, BOTH)
# Both ends of one pipe spliced, by two processes.
pipeline('of spliced stages', 'PV in | PV | PV | cat > out', {'splice': 3 * SIZE}, BOTH)
pipeline('handed on half-way', 'cat in | { head -c 1000000; PV ; } | PV > out',
         {'splice': 2 * SIZE - 1000000}, BOTH)

# The example of tee(2): every byte is teed once and spliced once.
pipeline('with tee', 'cat in | TEE copy | cat > out', {'tee': SIZE, 'splice': SIZE},
         same=('copy', 'out'))
pipeline('with tee and a slow reader', 'cat in | TEE copy | { sleep 0.3; cat; } > out',
         {'tee': SIZE, 'splice': SIZE}, same=('copy', 'out'))
pipeline('with two tees between pv', 'PV in | TEE copy1 | TEE copy2 | PV > out',
         {'tee': 2 * SIZE, 'splice': 4 * SIZE}, same=('copy1', 'copy2', 'out'))
# What a program teed and left in the pipe is there for a plain program after it.
pipeline('left as it was after tee', 'cat in | { sleep 0.2; PEEK | cat > head && cat; } > out',
         {'tee': 40000}, size=40000, same=('head', 'out'))

whole('of pv and cat', 'cat in | pv -q | cat | pv -q > out', {'splice': 2 * SIZE}, BOTH)
whole('with tee', f'pv -q in | {TEE_TO_FILE} copy | cat | pv -q > out',
      {'tee': SIZE, 'splice': 3 * SIZE}, same=('copy', 'out'))


# The reader leaves early: everybody before it must end by SIGPIPE, as without anysplice.
@e2e.test(carries={'splice': 1000000}, falls_back=BOTH)
def pipeline_whose_reader_leaves(box):
    box.shell(f'set +o pipefail; yes | {box.stage("pv", "-q")} | head -c 1000000 > out')
    assert (box.folder / 'out').read_bytes() == b'y\n' * 500000


# grep splices the rest of its input into /dev/null once it knows its answer.
@e2e.test(carries={'splice': e2e.MIB})
def grep_drains_its_input(box):
    box.shell(f'seq 300000 | {box.stage("grep", "-l", "5")} > /dev/null')


e2e.main()
