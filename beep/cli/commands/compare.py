"""`beep compare`: two recordings side by side."""

from __future__ import annotations

import argparse
import sys

from beep.base.errors import RecordingError
from beep.cli.terminal import say, show_table


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="a recording; - for stdin")
    parser.add_argument("b", metavar="B", help="another")


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.report import comparison, notes
    from beep.measuring.measure import measure
    from beep.measuring.recording import open_recording

    if arguments.a == arguments.b == "-":
        raise RecordingError("stdin is one recording, got - twice; give a file for the other")
    found = []
    for name in (arguments.a, arguments.b):
        with open_recording(sys.stdin.buffer if name == "-" else name) as recording:
            found.append(measure(recording))
        for note in notes(found[-1], recording):
            say(f"beep: {note}", arguments)
    show_table(*comparison(found[0], found[1], names=(arguments.a, arguments.b)))
