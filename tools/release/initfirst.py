#!/usr/bin/env python3
"""Marks a shared object as one whose constructors run before all others, as the linker's option
-z initfirst does, which zig's lacks.

usage: initfirst.py FILE
"""
import struct
import sys

PT_DYNAMIC = 2
DT_NULL, DT_FLAGS_1 = 0, 0x6ffffffb
DF_1_INITFIRST = 0x20

with open(sys.argv[1], 'r+b') as file:
    header = file.read(64)
    if header[:6] != b'\x7fELF\x02\x01':
        sys.exit(f'{sys.argv[1]}: no object of 64 bits and this byte order')
    table, = struct.unpack_from('<Q', header, 32)
    size, count = struct.unpack_from('<HH', header, 54)
    for segment in range(count):
        file.seek(table + segment * size)
        kind, _, offset, _, _, length = struct.unpack('<IIQQQQ', file.read(40))
        if kind != PT_DYNAMIC:
            continue
        for entry in range(offset, offset + length, 16):
            file.seek(entry)
            tag, value = struct.unpack('<QQ', file.read(16))
            if tag == DT_FLAGS_1:
                file.seek(entry + 8)
                file.write(struct.pack('<Q', value | DF_1_INITFIRST))
                sys.exit()
            if tag == DT_NULL:
                break
sys.exit(f'{sys.argv[1]}: has no flags')
