"""`beep measure`: measures the beeps in a recording."""

import argparse
import json

from beep.cli.messages import note, stdout
from beep.cli.options import open_input
from beep.cli.parser import Parser
from beep.cli.tables import show_table


def add(parser: Parser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a recording that libsndfile reads (.wav, .flac, ...), with a tone of 0.1 to 7 kHz; - for stdin",
    )
    output = parser.add_argument_group("output").add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print all measured values as JSON")
    output.add_argument("--csv", action="store_true", help="print one line per pulse as CSV")
    parser.add_argument("--blind", action="store_true", help="do not compare with the scenario in the file's comment")


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.measurement_table import comparison_with_recipe, measurement_table, pulse_table, remarks
    from beep.measuring.measure import measure
    from beep.output.table import write_csv

    with open_input(arguments.file) as recording:
        measurements = measure(recording)
    if arguments.json:
        stdout().write(json.dumps(measurements.to_dict(), indent=1, allow_nan=False) + "\n")
    elif arguments.csv:
        write_csv(stdout(), [pulse_table(measurements)])
    else:
        if any(measurement.beeps for measurement in measurements):
            show_table(*measurement_table(measurements))
        if not arguments.blind:
            stdout().write(comparison_with_recipe(measurements, recording.comment))
    for remark in remarks(measurements, recording):
        note(remark, arguments)
