"""Ruby's IO.copy_stream, which sends files into sockets and pipes with sendfile.

With ENOSYS Ruby falls back to read and write by itself; with EPERM it raises.
"""

import e2e

SIZE = 8 * e2e.MIB + 12345

TO_SOCKET = """
require 'socket'
left, right = UNIXSocket.pair
receiver = Thread.new { IO.copy_stream(right, 'out') }
File.open('in') { |source| IO.copy_stream(source, left) }
left.close
receiver.join
"""

TO_PIPE = """
read_end, write_end = IO.pipe
reader = Thread.new { File.binwrite('out', read_end.binmode.read) }
File.open('in') { |source| IO.copy_stream(source, write_end) }
write_end.close
reader.join
"""

TO_CHILD = """
IO.popen('cat > out', 'w') { |child| IO.copy_stream('in', child) }
"""

PART = """
read_end, write_end = IO.pipe
reader = Thread.new { File.binwrite('part', read_end.binmode.read) }
IO.copy_stream('in', write_end, 4_000_000, 1_000_001)
write_end.close
reader.join
whole, part = File.binread('in'), File.binread('part')
exit part == whole[1_000_001, 4_000_000]
"""


def copies(name, program, carries=SIZE):
    def copy(box):
        box.make('in', SIZE)
        box.run('ruby', '-e', program)
        assert carries < SIZE or box.same('in', 'out')

    copy.__name__ = f'ruby copy_stream {name}'
    e2e.test({'sendfile': carries}, falls_back=('ENOSYS',))(copy)


copies('from a file to a socket', TO_SOCKET)
copies('from a file to a pipe', TO_PIPE)
copies('from a file to a child', TO_CHILD)
copies('of a part of a file', PART, 4_000_000)

e2e.main()
