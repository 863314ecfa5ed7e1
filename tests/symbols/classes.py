"""Tables that give names a class, in lines `CLASS REGULAR_EXPRESSION...`, and the test that no name is
without one and that those are taken which should be."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent


def lines(table):
    """What stands in a file of this folder, without comments."""
    return [line for line in (HERE / table).read_text().splitlines()
            if line and not line.startswith('#')]


def check(table, names, taken, what, where):
    """Prints TAP of one test, and exits: `names` by the classes of `table`; `taken` those that are."""
    classes = []
    for line in lines(table):
        kind, *patterns = line.split(' ')
        assert kind in ('taken', 'harmless', 'cannot'), line
        classes += [(kind, re.compile(pattern)) for pattern in patterns]
    problems = [] if names else ['there are no names']
    for name in sorted(names):
        kind = next((kind for kind, pattern in classes if pattern.fullmatch(name)), None)
        if kind is None:
            problems.append(f'{name} has no class')
        elif (kind == 'taken') != (name in taken):
            problems.append(f'{name} is {kind}, and {"is" if name in taken else "is not"} {where}')
    print('1..1')
    for problem in problems:
        print('#', problem)
    print('not ok' if problems else 'ok', f'1 - {what}')
    sys.exit(bool(problems))
