"""`beep receptions`: who heard it in 1957, and what the orbit says of that."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from beep.options import add_output_options, output_of
from beep.terminal import clock, say

if TYPE_CHECKING:
    from beep.documented import Documented

FORMATS = ("table", "csv", "json")
HEAD = ("preset", "who", "heard, UTC", "rise", "closest", "set", ">elevation", "verdict", "grade")


def add(parser: argparse.ArgumentParser) -> None:
    add_output_options(parser.add_argument_group("output", "csv and json name the sources"), FORMATS)


def run(arguments: argparse.Namespace) -> None:
    from beep.documented import receptions, table
    from beep.output.table import print_table, write_csv, write_json
    from beep.sputnik import TCA_ERROR_S

    found = receptions()
    with output_of(arguments) as file:
        if arguments.format == "csv":
            write_csv(file, [table(found)])
        elif arguments.format == "json":
            write_json(file, [table(found)])
        else:
            print_table(file, HEAD, map(_row, found))
    say(
        f"rise, closest approach and set are the orbit's, good to {TCA_ERROR_S} s (1 sigma); its residuals against 62 "
        f"timed crossings of 1957 are 2.1 s rms\nbeep export FILE.wav --preset NAME makes one that has a pass",
        arguments,
    )


def _row(one: Documented) -> tuple[str, ...]:
    heard = f"{one.heard_from:%d Oct %H:%M}" + (f"-{one.heard_until:%H:%M}" * (one.heard_until > one.heard_from))
    if one.verdict == "over the horizon":
        span = " to ".join(sorted({f"{one.lowest_deg:.0f}", f"{one.highest_deg:.0f}"}, key=int))
        return one.name, one.who, heard, "", "", "", span, one.verdict, one.grade
    assert one.found is not None, "what is not over the horizon has a pass"
    events = map(clock, (one.found.aos, one.found.tca, one.found.los))
    return one.name, one.who, heard, *events, f"{one.found.max_elevation_deg:.0f}", one.verdict, one.grade
