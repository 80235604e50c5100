"""The parser of the whole program, from which the completions of shells and the man page are made."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module

from beep.base.constants import VERSION
from beep.cli.main import COMMANDS, DESCRIPTION, EXAMPLES
from beep.cli.parser import Parser

WITH_ALL_OPTIONS = "show"  # the command that has the options of a scenario and no others


def whole_parser(
    *, scenario_once: bool = False, each: Callable[[Parser], None] = lambda _: None
) -> argparse.ArgumentParser:
    """Return a parser with each command as a subparser, which has all of its options.

    With `scenario_once` only the command `show` has those of a scenario. `each` is called with every subparser.
    """
    parser = argparse.ArgumentParser(prog="beep", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"beep {VERSION}", help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text}.", examples=EXAMPLES[name])
        command.scenario_in = WITH_ALL_OPTIONS if scenario_once and name != WITH_ALL_OPTIONS else ""
        import_module(f"beep.cli.commands.{name.replace('-', '_')}").add(command)
        command.add_general_options()
        command.usage = command.short_usage()
        each(command)
    return parser


def manual() -> argparse.ArgumentParser:
    """Return the parser that the man page is made from, when the package is built."""
    return whole_parser(scenario_once=True)
