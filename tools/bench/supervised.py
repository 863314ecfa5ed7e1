#!/usr/bin/env python3
"""What it costs a program to be supervised (docs/supervisor.md), as ratios with their quartiles.

usage: supervised.py BUILD [--pairs=N] [--calls=N] [--mib=N]

The two sides of a ratio run one after the other, N times, in turns; each time gives one ratio:
- calls that are none of the family, with the filter that has the others supervised, and without;
- a splice of one byte, supervised, and the kernel's own;
- a relay of 64 KiB at a time between two TCP connections where the calls are refused: supervised,
  beside the program's own fallback; and the kernel's splice where they are not, beside the same.
Nothing else should run meanwhile.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys

SUPERVISED = ('--mode=emulate', '--quiet')
UNSUPERVISED = ('--no-preload',)
REFUSED = ('--block', '--quiet')
FALLS_BACK = ('--block', '--fallback', '--quiet')
SECONDS = 600


class Bench:
    def __init__(self, build, pairs):
        self.command = pathlib.Path(build, 'tools', 'anysplice')
        self.work = pathlib.Path(build, 'tools', 'bench', 'supervised_work')
        self.pairs = pairs
        if not self.work.exists():
            sys.exit(f'there is no {self.work}: it is built with the tests (-Dtests=true)')

    def measure(self, options, *words):
        """{name: figure} as the program prints them."""
        done = subprocess.run([self.command, 'run', *options, '--', self.work, *map(str, words)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              timeout=SECONDS, check=True)
        return {name: float(figure) for name, figure in map(str.split, done.stdout.splitlines())}

    def compare(self, one, other, *words):
        """Yields for each figure a name of both sides' and the ratios."""
        ratios = {}
        self.measure(other, *words)  # warms up
        for number in range(self.pairs):
            if number % 2:
                mine, others = self.measure(one, *words), self.measure(other, *words)
            else:
                others, mine = self.measure(other, *words), self.measure(one, *words)
            for (name, figure), (of_other, base) in zip(mine.items(), others.items(), strict=True):
                label = name if name == of_other else f'{name} / {of_other}'
                ratios.setdefault(label, []).append(figure / base)
        return ratios

    def show(self, title, *how):
        print(title)
        for name, ratios in self.compare(*how).items():
            low, middle, high = statistics.quantiles(ratios, n=4, method='inclusive') \
                if len(ratios) > 1 else ratios * 3
            print(f'  {name:20} {middle:8.3f}   {low:.3f} to {high:.3f}', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('build', help='the folder in which anysplice was built')
    parser.add_argument('--pairs', type=int, default=21)
    parser.add_argument('--calls', type=int, default=2_000_000)
    parser.add_argument('--mib', type=int, default=512)
    options = parser.parse_args()
    bench = Bench(options.build, options.pairs)
    bench.show('time of a call with the filter / without:', SUPERVISED, UNSUPERVISED, 'calls',
               options.calls)
    bench.show("time of a splice of one byte, supervised / the kernel's own:", SUPERVISED,
               UNSUPERVISED, 'byte', options.calls)
    bench.show('speed of the relay, supervised / its own fallback:', REFUSED, FALLS_BACK, 'relay',
               options.mib)
    bench.show("speed of the relay, the kernel's splice / its own fallback:", UNSUPERVISED,
               FALLS_BACK, 'relay', options.mib)
    return 0


if __name__ == '__main__':
    sys.exit(main())
