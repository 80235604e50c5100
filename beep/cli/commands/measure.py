"""`beep measure`: what is in a recording."""

from __future__ import annotations

import argparse
import sys

from beep.cli.terminal import say, show_table, stdout


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a recording that libsndfile reads (.wav, .flac, ...), with a tone of 0.1 to 7 kHz; - for stdin",
    )
    output = parser.add_argument_group("output").add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="everything, as JSON")
    output.add_argument("--csv", action="store_true", help="every pulse, a line each")
    parser.add_argument("--blind", action="store_true", help="do not compare with the recipe in the file's comment")


def run(arguments: argparse.Namespace) -> None:
    import json

    from beep.cli.report import against_recipe, notes, pulse_table, report
    from beep.measuring.measure import measure
    from beep.measuring.recording import open_recording
    from beep.output.table import write_csv

    with open_recording(sys.stdin.buffer if arguments.file == "-" else arguments.file) as recording:
        found = measure(recording)
    if arguments.json:
        stdout().write(json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
    elif arguments.csv:
        write_csv(stdout(), [pulse_table(found)])
    else:
        if any(each.beeps for each in found):
            show_table(*report(found))
        compared = "" if arguments.blind else against_recipe(found, recording.comment)
        if compared:
            stdout().write(compared + "\n")
    for note in notes(found, recording):
        say(f"beep: {note}", arguments)
