#!/usr/bin/env python3
"""That house.py finds what it looks for: each rule broken in a small house of its own."""
import pathlib
import tempfile

from house import House

HEADER = '// A purpose. Thread-safe.\n'
failures = []


def problems(files, **exceptions):
    """What is wrong with a house of these files: {name: text}."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return House(root, **{'long': {}, 'silent': {}, **exceptions}).check()


def expect(what, found, *parts):
    """One problem, which has all these parts; or none."""
    good = len(found) == (1 if parts else 0) and all(part in found[0] for part in parts)
    print('ok' if good else 'not ok', '-', what)
    if not good:
        failures.append(what)
        print('   found:', found)


def include(*names):
    return ''.join(f'#include "{name}"\n' for name in names)


expect('downwards and sideways is right',
       problems({'core/sys/sys.h': HEADER, 'core/fd/table.h': HEADER + include('core/sys/sys.h'),
                 'core/fd/table.cc': include('core/fd/table.h', 'core/fd/child.h'),
                 'core/fd/child.h': HEADER, 'shim/a.cc': include('core/fd/table.h')}))
expect('upwards',
       problems({'core/memory/scratch.h': HEADER + include('core/pipe/table.h')}),
       'core/memory/scratch.h', 'core/pipe/table.h', 'upwards')
expect('upwards from a platform',
       problems({'core/sys/linux/pipe.cc': include('core/policy/mode.h')}), 'upwards')
expect('upwards with odd blanks, in a table, inside #if',
       problems({'core/base/names.def': '#if 0\n  #  include  "core/sys/sys.h"\n#endif\n'}), 'upwards')
expect('upwards out of core', problems({'core/api/api.cc': include('shim/real.h')}), 'upwards')
expect('upwards out of the shim', problems({'shim/a.cc': include('tools/a.h')}), 'upwards')
expect('upwards by a relative path',
       problems({'core/fd/a.cc': include('../pipe/b.h'), 'core/pipe/b.h': HEADER}), 'core/pipe/b.h',
       'upwards')
expect('a tool that uses the calls', problems({'tools/a.cc': include('core/calls/engine.h')}))
expect('a tool that reaches into the engine',
       problems({'tools/a.cc': include('core/pipe/table.h')}), 'tools/a.cc', 'may use')
expect('a test that reaches into the engine',
       problems({'tests/a.cc': include('core/pipe/table.h', 'tools/a.h')}))
expect('a file on no floor', problems({'core/stray.h': HEADER}), 'core/stray.h', 'no floor')
expect('a floor that is not in the order', problems({'core/cellar/a.cc': ''}), 'no floor')
expect('a circle of two, by way of a source',
       problems({'core/memory/guard.cc': include('core/memory/guard.h', 'core/memory/user.h'),
                 'core/memory/guard.h': HEADER,
                 'core/memory/user.h': HEADER + include('core/memory/guard.h')}),
       'core/memory/guard -> core/memory/user -> core/memory/guard')
expect('a circle of three, entered from outside',
       problems({'core/fd/a.cc': include('core/fd/b.h'), 'core/fd/b.h': HEADER + include('core/fd/c.h'),
                 'core/fd/c.h': HEADER + include('core/fd/d.h'),
                 'core/fd/d.h': HEADER + include('core/fd/b.h')}), 'circle')
expect('300 lines are right', problems({'tests/a.py': '#\n' * 300}))
expect('301 lines', problems({'tests/a.py': '#\n' * 301}), 'tests/a.py: 301 lines')
expect('301 lines with a reason', problems({'tests/a.py': '#\n' * 301}, long={'tests/a.py': 'so'}))
expect('a reason for a file that is short',
       problems({'tests/a.py': '#\n'}, long={'tests/a.py': 'so'}), 'listed as long')
expect('a header without a comment', problems({'shim/a.h': '#ifndef A\n// Thread-safe.\n'}), 'purpose')
expect('a header with an empty comment', problems({'shim/a.h': '//\n'}), 'purpose')
expect('a header that is silent', problems({'core/sys/a.h': '// A purpose.\n\n// Thread-safe.\n'}),
       'core/sys/a.h', 'threads and signal handlers')
expect('a public header', problems({'core/include/anysplice/a.h': '/* Any thread. */\n'}))
expect('a public header that is silent',
       problems({'core/include/anysplice/a.h': '/* A\n * B */\n'}), 'threads')
expect('a silent header with a reason',
       problems({'core/sys/a.h': '// A constant.\n'}, silent={'core/sys/a.h': 'so'}))
expect('a reason for a header that is not silent',
       problems({'core/sys/a.h': HEADER}, silent={'core/sys/a.h': 'so'}), 'listed as silent')
bug = 'name: a bug\nfile: core/fd/a.cc\nfrom: one;\\n  two;\nto:\n'
expect('a planted bug', problems({'tools/mutants.txt': bug, 'core/fd/a.cc': 'one;\n  two;\n'}))
expect('a planted bug whose place is gone',
       problems({'tools/mutants.txt': bug, 'core/fd/a.cc': 'one;\n'}), 'a bug: nothing like that')
raise SystemExit(1 if failures else 0)
