"""Completion, asked of the shells themselves, and the parser that the man page is made from."""

import subprocess

import pytest

from beep.cli.main import COMMANDS
from beep.cli.whole import manual

CASES = {  # what is typed, and what completes its last word
    "beep exp": {"export"},
    "beep export --sta": {"--start", "--station"},
    "beep export a.wav --station da": {"dallas"},
    "sputnik-beep track --sideband ": {"upper", "lower"},
    "beep measure tap": {"tape.wav"},
}
BASH = """
source ./script
COMP_WORDS=({line}{empty}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()
$(complete -p "${{COMP_WORDS[0]}}" | grep -o '_shtab[a-z_]*') beep "${{COMP_WORDS[-1]}}" "${{COMP_WORDS[-2]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def asked(beep, program):
    """What a shell completes a line to: the first word of each line that it prints."""

    def ask(shell, line):
        (beep.folder / "tape.wav").touch()
        (beep.folder / "script").write_bytes(beep("completion", shell).stdout)
        code = f"source ./script; complete -C '{line}'"
        if shell == "bash":
            code = BASH.format(line=line, empty=" ''" * line.endswith(" "))
        run = [program(shell, package=shell), "-c", code]
        done = subprocess.run(run, cwd=beep.folder, capture_output=True, text=True, check=True)
        return {words.split("\t")[0] for words in done.stdout.splitlines()}

    return ask


@pytest.mark.parametrize("line", CASES)
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_completes(asked, shell, line):
    """Commands, options, names of places, choices and files are completed, under both names of the program."""
    assert asked(shell, line) == CASES[line]


def test_zsh_reads_the_script(beep, program):
    """The script for zsh has no error of syntax, and is for both names of the program."""
    script = beep("completion", "zsh").stdout
    subprocess.run([program("zsh", package="zsh"), "-n"], input=script, check=True)

    assert script.startswith(b"#compdef beep sputnik-beep\n")
    assert b"compdef _shtab_beep -N beep sputnik-beep\n" in script


def test_what_the_man_page_has():
    """Each command is in it; the options of a scenario are in one of them, to which the others point."""
    parser = manual()
    (commands,) = (action.choices for action in parser._actions if action.dest == "==SUPPRESS==" and action.choices)
    texts = {name: command.format_help() for name, command in commands.items()}

    assert set(texts) == set(COMMANDS)
    assert {name for name in texts if "--preset" in commands[name].options().values()} == {"show"}
    assert "all options of `beep show`" in commands["export"].description
