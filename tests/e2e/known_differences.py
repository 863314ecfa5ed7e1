"""Differences of splice-conform that are known: patterns of ids, each with the kind of difference that
it excuses and the number of cases."""

import re


def returned(text):
    """What a call returned, by its name: ('splice', 5), ('splice', 'EAGAIN'); else nothing."""
    found = re.fullmatch(r'(\w+) = (\w+)(?: .*)?', text)
    if not found:
        return None
    call, value = found.groups()
    return call, int(value) if value.isdigit() else value


def of_call(test):
    """A kind of what two calls of one name returned."""
    def is_of_kind(linux, came):
        one, other = returned(linux), returned(came)
        return bool(one and other and one[0] == other[0] and 'WRONG' not in came
                    and test(one[1], other[1]))
    return is_of_kind


def between_texts(linux_pattern, came_pattern):
    def is_of_kind(linux, came):
        return bool(re.fullmatch(linux_pattern, linux.strip()) and
                    re.fullmatch(came_pattern, came.strip()))
    return is_of_kind


def moves_more(linux, came):
    return isinstance(came, int) and (linux in ('EAGAIN', 'EBUSY') or
                                      isinstance(linux, int) and came > linux)


WRITABLE = r'poll = 1 revents=0x[0-9a-f]*[4-7]'
NOT_WRITABLE = r'poll = (0 revents=0|1 revents=0x[0-9a-f]*[0-3])'
PACKET = r'(\w+ )?packet 0: \d+ bytes .*'

KINDS = {
    'at_once': between_texts(r'kept back (\d+), arrived 0', r'kept back 0, arrived \d+'),
    'cut': between_texts(PACKET, PACKET),
    'edge': between_texts(r'epoll after tee: 0', r'epoll after tee: 1 0x1 of \d+'),
    'efault': of_call(lambda linux, came: came == 'EFAULT' and linux != 'EINVAL'),
    'einval': of_call(lambda linux, came: came == 'EINVAL'),
    'exdev': of_call(lambda linux, came: linux == 'EPERM' and came == 'EXDEV'),
    'full': between_texts(WRITABLE, NOT_WRITABLE),
    'more': lambda linux, came: (of_call(moves_more)(linux, came) and not linux.startswith('poll')) or
    between_texts(NOT_WRITABLE, WRITABLE)(linux, came),
    'spliced': of_call(lambda linux, came: linux == 'EINVAL' and isinstance(came, int) and came > 0),
}


def expression(pattern):
    """Of a pattern of ids: * stands for anything, {a,b} for one of these."""
    parts = re.split(r'(\*|\{[^}]*\})', pattern)
    return re.compile(''.join(
        '.*' if part == '*' else
        f"(?:{'|'.join(expression(one).pattern for one in part[1:-1].split(','))})"
        if part.startswith('{') else re.escape(part) for part in parts))


class Known:
    def __init__(self, text):
        lines = [line.split() for line in text.splitlines() if line and not line.startswith('#')]
        self.patterns = {pattern: (expression(pattern), KINDS[kind], int(count))
                         for pattern, kind, count in lines}
        assert len(self.patterns) == len(lines), 'twice'
        self.most = dict.fromkeys(self.patterns, 0)  # cases of one report

    def excuse(self, differences):
        """Those of a report that are not known, and patterns that have more cases than they may."""
        cases = dict.fromkeys(self.patterns, 0)
        new = []
        for one in differences:
            for pattern, (ids, kind, _) in self.patterns.items():
                if ids.fullmatch(one['id']) and kind(one['linux'], one['came']):
                    cases[pattern] += 1
                    break
            else:
                new.append(f'{one["id"]}: {one["linux"]!r}, came {one["came"]!r}')
        for pattern, count in cases.items():
            self.most[pattern] = max(self.most[pattern], count)
            if count > self.patterns[pattern][2]:
                new.append(f'{pattern}: {count} cases')
        return new

    def gone(self):
        """Patterns that had fewer cases in every report so far."""
        return [f'{pattern}: {self.most[pattern]} cases' for pattern, (_, _, count)
                in self.patterns.items() if self.most[pattern] < count]
