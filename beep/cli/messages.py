"""Messages on stderr, in which fields of the library are named as options; data on stdout."""

from __future__ import annotations

import sys

from beep.base.errors import OutputError
from beep.base.text import printable

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    import argparse
    import re
    from collections.abc import Mapping
    from typing import TextIO


def tell(text: str) -> None:
    """Print text on stderr; of what it quotes from a file nothing can be a command to the terminal."""
    if sys.stderr is not None:  # print would write to stdout instead
        print("\n".join(map(printable, text.split("\n"))), file=sys.stderr)


def say(text: str, arguments: argparse.Namespace) -> None:
    """Print text on stderr, unless --quiet is given."""
    if not arguments.quiet:
        tell(text)


def note(text: str, arguments: argparse.Namespace) -> None:
    """Print a note of the program, unless --quiet is given."""
    say(f"beep: {text}", arguments)


def warn(text: str, arguments: argparse.Namespace) -> None:
    """Print a warning, in which fields are named as options, unless --quiet is given."""
    note(f"warning: {for_user(text, arguments)}", arguments)


def for_user(text: str, arguments: argparse.Namespace) -> str:
    """Return a message of the library as a user of this command reads it: its fields are named as options.

    A message about a recipe file keeps the names, which stand in that file.
    """
    typed = vars(arguments)
    if text.startswith(f"{typed.get('scenario')}: "):
        return text
    values = {value for value in typed.values() if isinstance(value, str)}
    return with_options(text, {name: option for name, option in arguments.options.items() if name not in values})


def with_options(text: str, options: Mapping[str, str]) -> str:
    """Return a message with options in place of the field names that it marks as such.

    `options` has an option for each name. Replaced are, outside of quotes:
    a name with an underscore that is a whole word, `tone_hz` -> `--tone-hz`;
    a name before the first "must", `mix must be stereo` -> `--mix must be stereo`;
    a name with a value as in Python, `force=True` -> `--force`, `station=None` -> `--station none`.
    A part of something else keeps its name: "a carrier's power_w".
    """
    import re  # takes 5 ms, and few messages are printed

    if not options:
        return text
    every = "|".join(map(re.escape, sorted(options, key=len, reverse=True)))
    pattern = rf"""
        (?<!\w)(?:'[^']*'|"[^"]*")
        | ^(?P<first>{every})(?=\ must\ )
        | (?<![\w./\\-])(?P<set>{every})=(?P<value>'[^']*'|"[^"]*"|\w(?:[\w.:+-]*\w)?)
        | (?<!'s\ )(?<![\w./\\-])(?P<name>{every})(?![\w/\\=(-]|\.\w)
    """

    def replaced(match: re.Match[str]) -> str:
        if match["set"]:
            option, value = options[match["set"]], match["value"].strip("'\"")
            return {"True": option, "False": f"--no-{option[2:]}", "None": f"{option} none"}.get(
                value, f"{option} {value}"
            )
        if match["first"]:
            return options[match["first"]]
        return options[match["name"]] if match["name"] and "_" in match["name"] else match[0]

    return re.sub(pattern, replaced, text, flags=re.VERBOSE)


def stdout() -> TextIO:
    """Return stdout. Raises OutputError where it is closed."""
    if sys.stdout is None:
        raise OutputError("stdout must be open, but it is closed; redirect it to a file or a pipe")
    return sys.stdout
