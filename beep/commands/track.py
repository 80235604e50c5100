"""`beep track`: the truth of a reception, moment by moment."""

import argparse

from beep.options import add_scenario_options, scenario_of
from beep.terminal import stdout


def add(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("output")
    output.add_argument("--step-s", type=float, default=1.0, metavar="S", help="between rows (default: 1.0 s)")
    output.add_argument("--format", choices=("csv", "json"), default="csv", help="of the rows (default: csv)")
    output.add_argument("-o", "--output", metavar="FILE", default="-", help="where to write (default: stdout)")
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.files import whole_file
    from beep.output.table import write_csv, write_json
    from beep.truth import tracks

    write = write_csv if arguments.format == "csv" else write_json
    tables = tracks(scenario_of(arguments), step_s=arguments.step_s)
    if arguments.output == "-":
        write(stdout(), tables)
        return
    with whole_file(arguments.output, force=arguments.force) as part, part.open("w", encoding="utf-8") as file:
        write(file, tables)
