"""The argument parser of a command: help in two steps, errors in one line."""

from __future__ import annotations

import argparse
import re

from beep.base.checks import read_number
from beep.base.errors import ScenarioError, did_you_mean
from beep.base.text import MOST_QUOTED, printable, quoted

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

    from _typeshed import SupportsWrite

_LONGEST = 1000  # characters of a message
FILES = ("FILE", "IN", "OUT", "A", "B", "PLAN")  # arguments of these names are files


class Parser(argparse.ArgumentParser):
    """A parser whose `--help` shows the usual options; `--help-all` shows all options, in groups."""

    def __init__(self, *, prog: str, description: str, examples: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=f"examples:\n{examples}",
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.register("type", float, reader("_"))  # for one wording of errors
        self.register("type", int, reader("_", int))
        self._positionals.title = "arguments"
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)", flags=re.IGNORECASE)  # also -31.1,136.8
        self.rare = {"quiet", "force"}  # names of arguments that only --help-all shows
        self.everything = False  # whether the help shows them
        self.scenario_in = ""  # the command whose options of a scenario this one takes, where they are not repeated

    def add_general_options(self) -> None:
        """Add --quiet, --help and --help-all: the last ones, so that they are the last in the help."""
        self.add_argument("-q", "--quiet", action="store_true", help="print errors only, no other messages")
        self.add_argument("-h", "--help", action="help", help="show the usual options")
        self.add_argument("--help-all", action="help", help="show all options, in groups")

    def format_help(self) -> str:
        """Return the help: the usual options in one list, or all of them in groups."""
        self.usage = self.short_usage()
        if self.everything:
            return super().format_help()
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, [], [])
        formatter.add_text(self.description)
        aliases = [action for action in self._actions if isinstance(action.const, str)]
        usual = [action for action in self._actions if action.dest not in self.rare and action not in aliases]
        for title, named in (("arguments", False), ("options", True)):
            formatter.start_section(title)
            formatter.add_arguments(action for action in usual if bool(action.option_strings) == named)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help. Raises OSError where that fails, which argparse would not tell."""
        print(self.format_help(), end="", file=file)

    def short_usage(self) -> str:
        """Return the usage with the arguments that a command needs; a line of all options would fill the screen."""
        words = [self.prog]
        for action in self._actions:
            if not action.option_strings:
                words.append(f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar))
            elif action.required:
                words.append(f"{action.option_strings[0]} {action.metavar}")
        return " ".join([*words, "[options]"]).replace("%", "%%")

    def options(self) -> dict[str, str]:
        """Return the long option of each argument that is an option, by the name of the argument."""
        return {
            action.dest: option
            for action in reversed(self._actions)  # of two options with one name the first stays
            for option in reversed(action.option_strings)
            if option.startswith("--")
        }

    def complete(self, names: Mapping[str, Sequence[str]], file: object) -> None:
        """Give the arguments the names from which a shell completes them, or `file`, and a few words of help."""
        for action in self._actions:
            action.help = re.split(r"; | \(", action.help or "", maxsplit=1)[0]
            if action.dest in names:
                action.choices = names[action.dest]
            elif action.metavar in FILES:
                action.complete = file  # type: ignore[attr-defined]

    def parse_args(self, words: list[str]) -> argparse.Namespace:  # type: ignore[override]
        """Return the parsed arguments; an unknown option is wrong usage, with the nearest one that exists."""
        parsed, unknown = self.parse_known_args(words)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            self.error(f"unknown: {' '.join(unknown)}{did_you_mean(unknown[0].partition('=')[0], known)}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """Leave with status 2 and one line, with the nearest choice where the one given is unknown."""
        if choice := re.fullmatch(r".*invalid choice: '(.*)' \(choose from (.*)\)", message):
            message += did_you_mean(choice[1], re.findall(r"[\w-]+", choice[2]))
        message = re.sub(rf"\S{{{MOST_QUOTED},}}", lambda word: quoted(word[0]), printable(message))[:_LONGEST]
        self.exit(2, f"beep: error: {message}; see {self.prog} --help\n")


def reader(name: str, kind: type = float) -> Callable[[str], Any]:
    """Return the type of an option whose number is for the field `name`."""

    def read(text: str) -> Any:
        try:
            return read_number(name, text, kind)
        except ScenarioError as error:
            raise argparse.ArgumentTypeError(str(error).removeprefix(f"{name} ")) from None

    return read
