"""The dynamic section of an ELF object of 64 bits and this byte order, to be changed in its place."""
import struct
import sys

PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL = 0


class Dynamic:
    def __init__(self, path):
        self.path = path
        with open(path, 'rb') as file:
            self.data = bytearray(file.read())
        if self.data[:6] != b'\x7fELF\x02\x01':
            self.fail('no object of 64 bits and this byte order')
        table, = struct.unpack_from('<Q', self.data, 32)
        size, count = struct.unpack_from('<HH', self.data, 54)
        segments = [struct.unpack_from('<IIQQQQ', self.data, table + i * size) for i in range(count)]
        self.loaded = [(address, offset, length) for kind, _, offset, address, _, length in segments
                       if kind == PT_LOAD]
        self.at = next((offset for kind, _, offset, *_ in segments if kind == PT_DYNAMIC), None)
        if self.at is None:
            self.fail('has no dynamic section')
        self.entries = []
        while not self.entries or self.entries[-1][0] != DT_NULL:
            place = self.at + 16 * len(self.entries)
            self.entries.append(struct.unpack_from('<QQ', self.data, place))

    def fail(self, why):
        sys.exit(f'{self.path}: {why}')

    def get(self, tag):
        """The value of the first entry of that kind."""
        return next((value for kind, value in self.entries if kind == tag), None)

    def offset(self, tag):
        """Where in the file the table lies that an entry gives the address of."""
        wanted = self.get(tag)
        for address, offset, length in self.loaded:
            if wanted is not None and address <= wanted < address + length:
                return wanted - address + offset
        return self.fail(f'has no table {tag:#x}')

    def text(self, strings, at):
        return self.data[strings + at:self.data.index(0, strings + at)].decode()

    def save(self, entries):
        """Writes the file with these entries, which are no more than there were."""
        entries = entries + [(DT_NULL, 0)] * (len(self.entries) - len(entries))
        for number, entry in enumerate(entries):
            struct.pack_into('<QQ', self.data, self.at + 16 * number, *entry)
        with open(self.path, 'r+b') as file:
            file.write(self.data)
