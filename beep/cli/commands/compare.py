"""`beep compare`: shows two recordings side by side."""

import argparse

from beep.base.errors import RecordingError
from beep.cli.messages import note
from beep.cli.options import add_output_options, open_input, output_of
from beep.cli.parser import Parser
from beep.cli.tables import show_table, write_values


def add(parser: Parser) -> None:
    parser.add_argument("a", metavar="A", help="a recording; - for stdin")
    parser.add_argument("b", metavar="B", help="the recording to compare with it; - for stdin")
    add_output_options(parser, ("table", "csv", "json"))


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.measurement_table import comparison, comparison_rows, remarks
    from beep.measuring.measure import measure

    if arguments.a == arguments.b == "-":
        raise RecordingError("stdin is one recording, got - twice; give a file for the other")
    with output_of(arguments) as out:
        measured = []
        for name in (arguments.a, arguments.b):
            with open_input(name) as recording:
                measured.append(measure(recording))
            for remark in remarks(measured[-1], recording):
                note(remark, arguments)
        if arguments.format == "table":
            head = ("", arguments.a, arguments.b, ">difference", ">in standard errors")
            show_table(head, comparison(measured[0], measured[1]), file=out)
        else:
            rows = comparison_rows(measured[0], measured[1])
            write_values(out, arguments.format, rows, rows)
