"""The argument parser of a command: help in two steps, errors in one line."""

from __future__ import annotations

import argparse
import re

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from typing import Any, NoReturn


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
        self.register("type", int, _read_whole_number)
        self._positionals.title = "arguments"
        self.rare: set[str] = set()  # names of arguments that only --help-all shows

    def add_general_options(self) -> None:
        """Add --quiet, --help and --help-all: the last ones, so that they are the last in the help."""
        self.add_argument("-q", "--quiet", action="store_true", help="print errors only, no other messages")
        self.add_argument("-h", "--help", action="help", help="show the usual options")
        self.add_argument("--help-all", action=_HelpAll, help="show all options, in groups")

    def format_help(self, *, everything: bool = False) -> str:
        """Return the help with the usual options, or with everything."""
        self.usage = self._short_usage()
        if everything:
            return super().format_help()
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        usual = [action for action in self._actions if action.dest not in self.rare]
        for title, named in (("arguments", False), ("options", True)):
            formatter.start_section(title)
            formatter.add_arguments(action for action in usual if bool(action.option_strings) == named)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()

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
        options: dict[str, str] = {}
        for action in self._actions:
            long = [option for option in action.option_strings if option.startswith("--")]
            options |= {action.dest: long[0]} if long else {}
        return options

    def error(self, message: str) -> NoReturn:
        """Leave with status 2 and one line."""
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


class _HelpAll(argparse.Action):
    """Print the help with all options, and leave."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(nargs=0, default=argparse.SUPPRESS, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        assert isinstance(parser, Parser)
        print(parser.format_help(everything=True), end="")
        parser.exit()


def joined_negatives(arguments: list[str]) -> list[str]:
    """Return the arguments with `--name -1,2` as `--name=-1,2`, because argparse takes such a value for an option."""
    joined: list[str] = []
    for argument in arguments:
        after_option = joined and re.fullmatch(r"--[a-z][a-z-]*", joined[-1])
        if after_option and re.match(r"-(\.?\d|inf|nan)", argument, flags=re.IGNORECASE):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def read_number(text: str) -> float:
    """Return the number in an option's text. Raises the error that argparse prints."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def _read_whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None
