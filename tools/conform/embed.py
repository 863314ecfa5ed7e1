#!/usr/bin/env python3
"""Makes the source of tools/conform/embedded.h.

usage: embed.py EXPECTATIONS OUTPUT

The assembler takes the file in; its checksum is there so that the source changes with it.
"""
import hashlib
import pathlib
import sys

source, output = map(pathlib.Path, sys.argv[1:])
output.write_text(f'''// {hashlib.sha256(source.read_bytes()).hexdigest()}
#include "tools/conform/embedded.h"

asm(".pushsection .rodata\\n"
    "expectations_begin: .incbin \\"{source.resolve()}\\"\\n"
    "expectations_end:\\n"
    ".globl expectations_begin, expectations_end\\n"
    ".popsection\\n");

extern "C" const char expectations_begin[], expectations_end[];

namespace conform {{

std::string_view embedded_expectations() {{
  return {{expectations_begin, static_cast<size_t>(expectations_end - expectations_begin)}};
}}

}}  // namespace conform
''')
