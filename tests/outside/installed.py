"""Anysplice as others find it: installed below a scratch folder, from the build tree."""

import os
import pathlib
import subprocess
import tempfile

BUILD = pathlib.Path(os.environ['OUTSIDE_BUILD'])
SOURCE = pathlib.Path(os.environ['OUTSIDE_SOURCE'])
LIBRARIES = {'explicit': 'anysplice-api', 'interposing': 'anysplice'}
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Werror']
SECONDS = 240

# meson has the libraries of the build tree found first.
os.environ.pop('LD_LIBRARY_PATH', None)


def run(*argv, environment=None, status=0, folder='.'):
    """Runs a command; returns what it prints. Fails if it exits otherwise."""
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, env={**os.environ, **(environment or {})})
    assert done.returncode == status, f'{argv}: exit {done.returncode}\n{done.stdout[-3000:]}'
    return done.stdout


class Tree:
    """An installed tree. Its place is not the prefix that it was made for."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix='anysplice-outside.')
        self.root = pathlib.Path(self._folder.name)
        run('meson', 'install', '-C', BUILD, '--no-rebuild', '--destdir', self.root)
        configured, = self.root.glob('**/pkgconfig/anysplice.pc')
        self.libraries = configured.parent.parent
        self.command, = self.root.glob('**/bin/anysplice')
        self.headers, = (path.parent.parent for path in self.root.glob('**/anysplice/splice.h'))
        self.environment = {
            'LD_LIBRARY_PATH': str(self.libraries),
            'PKG_CONFIG_PATH': str(configured.parent),
            'PKG_CONFIG_SYSROOT_DIR': str(self.root),
        }

    def flags(self, library, *what):
        return run('pkg-config', *what, library, environment=self.environment).split()

    def link_flags(self, library, kind):
        flags = self.flags(library, '--libs')
        return flags if kind == 'shared' else ['-Wl,-Bstatic', *flags, '-Wl,-Bdynamic']

    def run(self, *argv):
        """Runs a program as it is."""
        return run(*argv, environment=self.environment)

    def run_blocked(self, *argv, options=('--no-preload',)):
        """Runs a program whose calls of the family the kernel refuses, without the preload."""
        return run(self.command, 'run', '--block', *options, '--', *argv,
                   environment=self.environment)
