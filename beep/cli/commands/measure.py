"""`beep measure`: measures the beeps in recordings."""

import argparse
import json

from beep.base.errors import RecordingError
from beep.base.text import printable
from beep.cli.messages import note
from beep.cli.options import add_output_options, add_section_options, open_input, output_of
from beep.cli.parser import Parser
from beep.cli.tables import show_table


def add(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="recordings (WAV, FLAC, AIFF, AU, CAF, OGG or MP3), with a tone of 0.1 to 7 kHz; - for stdin",
    )
    add_output_options(parser, ("table", "csv", "json"), "table; csv: one line per pulse; json: all measured values")
    add_section_options(parser)
    parser.add_argument("--blind", action="store_true", help="do not compare with the scenario in the file's comment")


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.measurement_table import (
        comparison_with_recipe,
        heads,
        measurement_table,
        pulse_table,
        remarks,
        speed_line,
    )
    from beep.measuring.measure import measure
    from beep.output.table import write_csv
    from beep.stream.resolve import recorded_reception

    names, several = arguments.files, len(arguments.files) > 1
    if names.count("-") > 1:
        raise RecordingError("stdin is one recording, got - twice; give a file for the other")
    documents, tables = [], []
    with output_of(arguments) as out:
        for name in names:
            with open_input(name, arguments) as recording:
                measurements = measure(recording)
            if arguments.format == "json":
                documents.append(({"file": name} if several else {}) | measurements.to_dict())
            elif arguments.format == "csv":
                tables.append(pulse_table(measurements, file=name if several else None))
            else:
                if several:
                    out.write(f"{printable(name)}:\n")
                if any(measurement.beeps for measurement in measurements):
                    show_table(("", *heads(measurements)), measurement_table(measurements), file=out)
                out.write(speed_line(measurements))
                if not arguments.blind:
                    out.write(comparison_with_recipe(measurements, recorded_reception(recording.comment)))
            for remark in remarks(measurements, recording):
                note(remark, arguments)
        if arguments.format == "json":
            out.write(json.dumps(documents if several else documents[0], indent=1, allow_nan=False) + "\n")
        elif arguments.format == "csv":
            write_csv(out, tables)
