"""`beep receptions`: lists who received Sputnik 1 in 1957, and compares that with the orbit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from beep.cli.messages import say
from beep.cli.options import add_output_options, output_of
from beep.cli.parser import Parser
from beep.cli.tables import clock, show_table

if TYPE_CHECKING:
    from beep.scenario.receptions import DocumentedReception

_HEAD = ("preset", "Oct 1957, UTC", "AOS-LOS", "TCA", ">max.el.", "verdict", "who")


def add(parser: Parser) -> None:
    add_output_options(parser.add_argument_group("output", "csv and json have the sources"), ("table", "csv", "json"))


def run(arguments: argparse.Namespace) -> None:
    from beep.geometry.sputnik import TCA_ERROR_S
    from beep.output.table import WRITERS
    from beep.scenario.receptions import reception_columns, receptions

    documented, left_out = receptions(), []
    with output_of(arguments) as file:
        if arguments.format in WRITERS:
            WRITERS[arguments.format](file, [reception_columns(documented)])
        else:
            left_out = show_table(_HEAD, map(_row, documented), file=file, spare=1)
    narrow = f"\na wider terminal, or a pipe, shows {' and '.join(left_out)}" if left_out else ""
    say(
        f"AOS, LOS (rise, set) and TCA (closest): computed from the fitted orbit ({TCA_ERROR_S} s, 1 sigma; 2.1 s rms "
        f"against 62 crossings timed in 1957)\nmax.el.: highest elevation of the pass; for receptions from below the "
        f"horizon, the highest elevation during the reception\n`beep export FILE.wav --preset NAME` makes the sound of "
        f"a reception that has a pass; --format csv has all values and the sources{narrow}",
        arguments,
    )


def _row(reception: DocumentedReception) -> tuple[str, ...]:
    r = reception
    heard = f"{r.heard_from:%d %H:%M}" + (f"-{r.heard_until:%H:%M}" * (r.heard_until > r.heard_from))
    if r.verdict == "over the horizon":
        return r.name, heard, "", "", f"{r.highest_deg:.0f}", r.verdict, r.who
    assert r.prediction is not None, "what is not over the horizon has a pass"
    up = "-".join(clock(when, "%H:%M") for when in (r.prediction.aos, r.prediction.los))
    return r.name, heard, up, clock(r.prediction.tca), f"{r.prediction.max_elevation_deg:.0f}", r.verdict, r.who
