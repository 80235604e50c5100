"""Help in two steps: the usual options, and all of them; nothing is wider than the terminal."""

import re
import shlex
from importlib import import_module

import pytest

from beep.cli.main import COMMANDS, EXAMPLES, parse
from beep.cli.parser import Parser

MOST_USUAL = 15  # options in the short help


def options_of(text):
    """The long options that a help text explains, in its order."""
    return re.findall(r"^  (?:-\w, |-\w \w+, )?(--[\w-]+)", text, flags=re.M)


@pytest.fixture(params=COMMANDS)
def command(request):
    return request.param


@pytest.fixture
def helps(beep, command):
    """Short and full help of a command, at 80 columns."""
    ran = [beep(command, option, COLUMNS="80") for option in ("--help", "--help-all")]
    assert [(help.status, help.stderr) for help in ran] == [(0, ""), (0, "")]
    return [help.stdout.decode() for help in ran]


def test_nothing_is_wider_than_80_columns(beep, helps):
    """Each line of each help has at most 80 characters, examples included."""
    for text in (*helps, beep("--help").stdout.decode()):
        assert max(map(len, text.splitlines())) <= 80


def test_short_help_has_the_usual_options(helps, command):
    """The short help is a part of the full one, and names it."""
    short, full = map(options_of, helps)

    assert set(short) <= set(full)
    assert len(short) <= MOST_USUAL
    assert "--help-all" in short
    assert short[0] != "--help" or command == "completion"  # those of the command come first


@pytest.mark.parametrize("name", ["play", "export", "track", "plot", "show"])
def test_the_full_help_has_groups(beep, name):
    """What is rare is in the full help alone, under the heading of its group."""
    short, full = (beep(name, option).stdout.decode() for option in ("--help", "--help-all"))

    assert "--agc-release-s" in full
    assert "--agc-release-s" not in short
    assert "--station" in short
    assert "\nreceiver:\n" in full
    assert "\nreceiver:\n" not in short
    assert len(options_of(full)) > 2 * len(options_of(short))


def test_usage_names_what_is_needed(beep):
    """The usage line has the arguments that a command cannot do without."""
    for name, usage in {
        "export": "beep export FILE [options]",
        "plot": "beep plot KIND OUT [FILE] [options]",
        "passes": "beep passes [options]",
        "show": "beep show [options]",
    }.items():
        assert beep(name, "--help").stdout.decode().startswith(f"usage: {usage}\n")


def test_examples_can_be_typed(monkeypatch):
    """Each example in the help is a command line that the program takes."""
    seen = []
    monkeypatch.setattr(Parser, "error", lambda self, message: pytest.fail(f"{self.prog}: {message}"))
    for text in EXAMPLES.values():
        for line in text.replace("\\\n", "").splitlines():
            if not line.startswith("  beep "):
                continue
            for part in re.split(r"[|>]", line):
                words = shlex.split(part)
                if words[0] == "beep":
                    parse(words[1], import_module(f"beep.cli.commands.{words[1].replace('-', '_')}"), words[2:])
                    seen.append(words[1])
    assert set(seen) == set(COMMANDS)
    assert len(seen) > 15
