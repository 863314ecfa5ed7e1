#!/usr/bin/env python3
"""Makes the source of tools/conform/embedded.h.

usage: embed.py EXPECTATIONS... OUTPUT

The assembler takes the files in; their checksums are there so that the source changes with them.
"""
import hashlib
import pathlib
import sys

*sources, output = map(pathlib.Path, sys.argv[1:])
text = '#include "tools/conform/embedded.h"\n\n'
for n, source in enumerate(sources):
    text += f'''// {hashlib.sha256(source.read_bytes()).hexdigest()}
asm(".pushsection .rodata\\n"
    "expectations_{n}: .incbin \\"{source.resolve()}\\"\\n"
    "expectations_{n}_end:\\n"
    ".globl expectations_{n}, expectations_{n}_end\\n"
    ".popsection\\n");
extern "C" const char expectations_{n}[], expectations_{n}_end[];

'''
rows = ''.join(f'''
      {{"{source.stem}",
       {{expectations_{n}, static_cast<size_t>(expectations_{n}_end - expectations_{n})}}}},'''
               for n, source in enumerate(sources))
output.write_text(text + f'''namespace conform {{

std::span<const Embedded> embedded_expectations() {{
  static const Embedded all[] = {{{rows}
  }};
  return all;
}}

}}  // namespace conform
''')
