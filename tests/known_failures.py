"""What is known to fail, by lines of a file:

    PROGRAM CASE RINGS always|sometimes REASON

CASE has underscores for its spaces. RINGS is `on`, `off`, or `-` where it does not matter. What
always fails must not succeed.
"""

import pathlib
import sys


class KnownFailures:
    """The lines of a file about one program; without a file, nothing is known."""

    def __init__(self, path, program):
        self._lines = {}
        for line in pathlib.Path(path).read_text().splitlines() if path else []:
            if line and not line.startswith('#'):
                name, case, rings, often, reason = line.split(maxsplit=4)
                assert rings in ('on', 'off', '-') and often in ('always', 'sometimes'), line
                if name == program:
                    assert (case, rings) not in self._lines, line
                    self._lines[case, rings] = (often == 'always', reason)

    def report(self, name, case, rings, wrong):
        """Prints TAP's line of a case; `wrong` says what is, or nothing. Returns whether it failed."""
        always, reason = self._lines.get((case.replace(' ', '_'), rings), (False, None))
        if wrong and reason:
            print(f'ok {name} # SKIP fails, as is known: {reason}', flush=True)
            return False
        if always:
            wrong = f'succeeds, which is not known: {reason}'
        print(f'{"not ok" if wrong else "ok"} {name}')
        for line in (wrong or '').splitlines():
            print(f'# {line}')
        sys.stdout.flush()
        return bool(wrong)

    def has_others(self, cases):
        """Whether the file names others than these; they are printed."""
        others = {case for case, _ in self._lines} - {case.replace(' ', '_') for case in cases}
        for case in sorted(others):
            print(f'# known to fail, but not there: {case}')
        return bool(others)
