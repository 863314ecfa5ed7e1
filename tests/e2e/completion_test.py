"""What a shell completes is what --help tells: commands, options, and their values."""

import pathlib
import re
import shutil
import subprocess

import tap

NOT_LISTED = {'--help', '--version'}  # in each help, as one line


def commands():
    out, _ = tap.run('--help')
    return re.findall(r'^  (\w+) +', out.split('Commands:\n')[1], re.M)


def options_in_help(command):
    """Those that begin a line of a command's help, or follow one there after a comma."""
    out, _ = tap.run(command, '--help')
    lines = re.findall(r'^  (-.*)$', out, re.M)
    return {name for line in lines for name in re.findall(r'(?:^|, )(--?[a-z][a-z-]*)', line)}


def script(shell):
    out, _ = tap.run('completion', shell)
    pathlib.Path(shell).write_text(out)
    return out


def bash(*words):
    """What bash offers for the last of these words, which it has divided."""
    script('bash')
    line = ' '.join(f"'{word}'" for word in words)
    done = subprocess.run(
        ['bash', '--norc', '-c',
         f'. ./bash; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _anysplice; '
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, check=True, timeout=tap.SECONDS)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


def options_of_bash(command):
    return bash('anysplice', command, '-')


@tap.test
def all_commands():
    known = commands()
    assert {'run', 'trace', 'doctor', 'demo', 'completion'} <= set(known)
    assert bash('anysplice', '') == {*known, '--help', '--version'}
    assert bash('anysplice', 'tr') == {'trace'}


@tap.test
def the_options_that_help_tells():
    run_only = {'--stats', '--control', '--record', '--replay', '--no-preload', '--fallback',
                '--supervise', '--quiet'}
    of_run = options_in_help('run')
    for command in commands():
        told = options_in_help(command) | NOT_LISTED
        if command in ('trace', 'top', 'explore'):
            told |= of_run - run_only
        offered = options_of_bash(command)
        assert offered == told, (command, offered ^ told)


@tap.test
def zsh_and_fish_have_the_same():
    of_zsh, of_fish = script('zsh'), script('fish')
    for command in commands():
        part = re.search(rf'^  {command}\)\n(.*?);;$', of_zsh, re.M | re.S).group(1)
        zsh = set(re.findall(r"'(--?[a-z][a-z-]*)", part))
        fish = {('--' if kind == 'l' else '-') + name for kind, name in re.findall(
            rf"__fish_seen_subcommand_from {command}' -([ls]) ([a-z-]+)", of_fish)}
        assert zsh == fish == options_of_bash(command), command
    assert "'--mode=:auto|emulate|native|absent:(auto emulate native absent)'" in of_zsh


@tap.test
def values():
    modes = {'auto', 'emulate', 'native', 'absent'}
    assert bash('anysplice', 'run', '--mode', '=', '') == modes
    assert bash('anysplice', 'run', '--mode', '=') == modes
    assert bash('anysplice', 'run', '--mode', '') == modes
    assert bash('anysplice', 'top', '--rings', '=', 'of') == {'off'}
    assert bash('anysplice', 'run', '--block', '=', '') == set()
    assert '--stats' in bash('anysplice', 'run', '--block', '=', 'EPERM', '--')
    assert '--stats' in bash('anysplice', 'run', '--mode', 'auto', '--s')


@tap.test
def the_program_and_its_words():
    assert 'bash' in bash('anysplice', 'run', 'ba')
    assert 'bash' in bash('anysplice', 'run', '--block', '--', 'ba')
    assert 'bash' in bash('anysplice', 'run', '--mode', 'auto', 'ba')
    assert bash('anysplice', 'run', '--', 'cat', '-') == set()  # its own business
    assert bash('anysplice', 'doctor', 'x') == set()


@tap.test
def the_shells_take_their_scripts():
    for shell in ('bash', 'zsh', 'fish'):
        script(shell)
        if shutil.which(shell):
            subprocess.run([shell, '-n', shell], check=True, timeout=tap.SECONDS)
    _, err = tap.run('completion', 'tcsh', status=125)
    assert 'bash, zsh, fish' in err


@tap.test
def no_line_of_help_is_longer_than_80():
    for command in ['', *commands()]:
        out, _ = tap.run(*command.split(), '--help')
        assert max(map(len, out.split('\n'))) <= 80, command


@tap.test
def the_version_and_its_commit():
    _, err = tap.run('--version', 'x', status=125)
    assert "takes no argument, but was given 'x'" in err, err
    out, _ = tap.run('--version')
    assert re.fullmatch(r'anysplice \d+\.\d+\.\d+( \([0-9a-f]{12,40}(-dirty)?\))?\n', out), out


@tap.test
def the_demo():
    out, _ = tap.run('demo')
    shown = out.count('with anysplice: works.')
    assert shown >= 1 and out.endswith('Everything is as it should be.\n'), out


tap.main()
