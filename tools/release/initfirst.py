#!/usr/bin/env python3
"""Marks a shared object as one whose constructors run before all others, as the linker's option
-z initfirst does, which zig's lacks.

usage: initfirst.py FILE
"""
import sys

from dynamic import Dynamic

DT_FLAGS_1 = 0x6ffffffb
DF_1_INITFIRST = 0x20

dynamic = Dynamic(sys.argv[1])
if dynamic.get(DT_FLAGS_1) is None:
    dynamic.fail('has no flags')
dynamic.save([(tag, value | DF_1_INITFIRST if tag == DT_FLAGS_1 else value)
              for tag, value in dynamic.entries])
