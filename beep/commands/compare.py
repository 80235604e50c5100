"""`beep compare`: two recordings side by side."""

from __future__ import annotations

import argparse

from beep.terminal import say


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help="a recording")
    parser.add_argument("b", metavar="B", help="another")


def run(arguments: argparse.Namespace) -> None:
    from beep.measurement import measure
    from beep.recording import open_recording
    from beep.report import comparison
    from beep.terminal import show_table

    found = []
    for name in (arguments.a, arguments.b):
        with open_recording(name) as recording:
            found.append(measure(recording))
    show_table(*comparison(*found))
    for name, measurements in zip((arguments.a, arguments.b), found, strict=True):
        for measured in measurements:
            if measured.note:
                say(f"beep: {name}, channel {measured.channel + 1}: {measured.note}", arguments)
