"""`beep passes`: prints when a satellite can be received."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from beep.base.checks import parse_time
from beep.cli.messages import say
from beep.cli.options import STATION_NAMES, add_number, add_output_options, add_tle_options, note_utc, output_of, tle_of
from beep.cli.parser import Parser
from beep.cli.tables import clock, show_table
from beep.geometry.tle import elements_of, satellite_name

if TYPE_CHECKING:
    from beep.geometry.forecast import Passes, Prediction

STATION = "cambridge"
_HEAD = ("AOS (rise), UTC, azimuth", "TCA, azimuth", ">max.el.", ">km", "LOS, azimuth", "direction")


def add(parser: Parser) -> None:
    search = parser.add_argument_group("search")
    search.add_argument(
        "--station",
        default=STATION,
        metavar="PLACE",
        help=f"place of the receiver: LAT,LON[,HEIGHT_M], a locator (JO02ab) or a name: {STATION_NAMES} "
        f"(default: {STATION})",
    )
    search.add_argument(
        "--start",
        metavar="UTC",
        help="start of the search, UTC, e.g. 1957-10-13T00:00Z, or now, today, tomorrow; a pass under way at that time "
        "is listed too (default: launch of Sputnik 1; with --tle: now)",
    )
    add_number(search, "days", "number of days that are searched", 1.0)
    add_number(search, "min_elevation_deg", "elevation at which a pass begins and ends", 0.0)
    add_tle_options(search, "the orbit of Sputnik 1")
    add_output_options(parser.add_argument_group("output"), ("table", "csv", "json"))


def run(arguments: argparse.Namespace) -> None:
    from beep.geometry.forecast import pass_columns, passes
    from beep.geometry.sputnik import ORBIT_FROM
    from beep.output.table import WRITERS

    note_utc(arguments.start, arguments)
    tle = tle_of(arguments)
    start = parse_time(arguments.start or ("now" if tle else ORBIT_FROM))
    predictions = passes(
        arguments.station, start, days=arguments.days, tle=tle, min_elevation_deg=arguments.min_elevation_deg
    )
    with output_of(arguments) as file:
        if arguments.format in WRITERS:
            WRITERS[arguments.format](file, [pass_columns(predictions)])
        elif predictions:
            show_table(_HEAD, map(_row, predictions), file=file)
    if predictions.ended is not None:
        raise predictions.ended
    say(_remark(arguments, predictions, tle, start), arguments)


def _row(prediction: Prediction) -> tuple[str, ...]:
    p, dated = prediction, "%Y-%m-%d %H:%M:%S"
    return (
        f"{clock(p.aos, dated) or 'up for days':19} {_degrees(p.aos_azimuth_deg)}",
        f"{clock(p.tca, '%H:%M:%S' if p.aos else dated)} {_degrees(p.tca_azimuth_deg)}",
        f"{p.max_elevation_deg:.0f}",
        f"{p.tca_range_km:.0f}",
        f"{clock(p.los) or 'stays up':8} {_degrees(p.los_azimuth_deg)}",
        f"{p.direction}bound" if p.direction else "",
    )


def _degrees(angle_deg: float | None) -> str:
    return "" if angle_deg is None else f"{angle_deg:3.0f}"


def _remark(arguments: argparse.Namespace, passes: Passes, tle: str | None, start: datetime) -> str:
    """Return the number of passes, the accuracy of their times, and what the columns are."""
    from beep.geometry import sputnik

    name, least = "Sputnik 1" if tle is None else satellite_name(tle), f"{arguments.min_elevation_deg:g} degrees"
    if not passes:
        count = f"{name} does not rise above {least} there in that time"
    elif passes[0].aos is None and passes[0].los is None:
        count = f"{name} is above {least} all the time"
    else:
        count = f"{len(passes)} {'pass' if len(passes) == 1 else 'passes'} of {name} over {arguments.station}"
    if tle is None:
        end = start + timedelta(days=arguments.days)
        flat = "; the battery was flat from 1957-10-26" if end > sputnik.ORBIT_UNTIL else ""
        accuracy = f"orbit accuracy {sputnik.TCA_ERROR_S} s (1 sigma), 2 % or 15 km in distance{flat}"
    else:
        epoch = elements_of(tle).epoch
        days = max((abs((p.tca - epoch) / timedelta(days=1)) for p in passes), default=0.0)
        age = f", here up to {days:.1f} days" if passes else ""
        accuracy = f"elements of {epoch:%Y-%m-%d %H:%M} UTC, accuracy 1 to 3 km for each day from then{age}"
    columns = "\nAOS, TCA, LOS: rise, closest, set; azimuth from north through east; max.el.: highest elevation"
    return f"{count}; {accuracy}" + columns * (bool(passes) and arguments.format == "table")
