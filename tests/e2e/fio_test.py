"""fio's splice engine: vmsplice and splice to write, splice and vmsplice to read, with verify."""

import e2e

SIZE = 8 * e2e.MIB


def job(name, **options):
    return [f'--name={name}', *(f'--{key}={value}' for key, value in options.items())]


def fio(box, *jobs):
    """Runs the jobs one after the other."""
    box.run('fio', '--ioengine=splice', '--verify=crc32c', '--verify_fatal=1', f'--size={SIZE}',
            '--minimal', '--stonewall', *(option for job in jobs for option in job))


# fio writes each file and reads it back to verify it: every byte passes both calls twice.
@e2e.test(carries={'splice': 4 * SIZE, 'vmsplice': 4 * SIZE})
def fio_writes_and_verifies(box):
    fio(box, job('sequential', rw='write', bs='64k'), job('random', rw='randwrite', bs='4k'))


@e2e.test(carries={'splice': 4 * SIZE, 'vmsplice': 4 * SIZE})
def fio_reads_what_it_wrote(box):
    fio(box, job('write', rw='write', bs='16k', filename='data', do_verify=0),
        job('sequential', rw='read', bs='16k', filename='data'),
        job('random', rw='randread', bs='16k', filename='data', norandommap=0),
        job('whole', rw='read', bs='16k', filename='data'))


# Block sizes of all kinds, more than a pipe holds among them, by two threads of one process. The
# last few bytes of a file make no block.
@e2e.test(carries={'splice': 4 * SIZE - 4096, 'vmsplice': 4 * SIZE - 4096})
def fio_odd_sizes_in_threads(box):
    fio(box, job('odd', rw='write', bsrange='512-192k', bs_unaligned=1, thread=1, numjobs=2))


e2e.main()
