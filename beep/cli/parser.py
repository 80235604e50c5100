"""The argument parser of a command: help in two steps, errors in one line."""

from __future__ import annotations

import argparse
import re

from beep.base.text import quoted

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from _typeshed import SupportsWrite


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
        self.register("type", float, read_number)  # for one wording of errors
        self.register("type", int, _reader(_whole, "a whole number, such as 48000 or 240k"))
        self._positionals.title = "arguments"
        self._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)", flags=re.IGNORECASE)  # also -31.1,136.8
        self.rare = {"quiet", "force"}  # names of arguments that only --help-all shows
        self.everything = False  # whether the help shows them

    def add_general_options(self) -> None:
        """Add --quiet, --help and --help-all: the last ones, so that they are the last in the help."""
        self.add_argument("-q", "--quiet", action="store_true", help="print errors only, no other messages")
        self.add_argument("-h", "--help", action="help", help="show the usual options")
        self.add_argument("--help-all", action="help", help="show all options, in groups")

    def format_help(self) -> str:
        """Return the help: the usual options in one list, or all of them in groups."""
        self.usage = self._short_usage()
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

    def _short_usage(self) -> str:
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

    def error(self, message: str) -> NoReturn:
        """Leave with status 2 and one line."""
        self.exit(2, f"beep: error: {message}; see {self.prog} --help\n")


def _reader(kind: Callable[[str], float], words: str) -> Callable[[str], float]:
    """Return a function from an option's text to a number, which raises the error that argparse prints."""

    def read(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be {words}, got {quoted(text)}") from None

    return read


def _whole(text: str) -> int:
    """Return a whole number; k and M after it stand for thousands and millions, as in 2.4M."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:])
    if factor is None:
        return int(text)
    from fractions import Fraction  # takes 4 ms, and few numbers have such an ending

    number = Fraction(text[:-1]) * factor
    if number.denominator != 1:
        raise ValueError
    return int(number)


read_number = _reader(float, "a number")
