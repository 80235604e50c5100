"""`beep passes`: when a satellite can be heard."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from beep.cli.options import STATIONS_IN_WORDS, add_output_options, add_tle_options, output_of, tell_zone, tle_of
from beep.cli.terminal import clock, say, show_table

if TYPE_CHECKING:
    from beep.geometry.forecast import Passes, Prediction

FORMATS = ("table", "csv", "json")
HEAD = ("rise, UTC", ">az", "closest", ">az", ">el", ">km", "set", ">az", "bound")


def add(parser: argparse.ArgumentParser) -> None:
    search = parser.add_argument_group("search")
    search.add_argument(
        "--station", required=True, help=f"a known place or LAT,LON[,HEIGHT_M]; known: {STATIONS_IN_WORDS}"
    )
    search.add_argument("--start", required=True, metavar="UTC", help="ISO 8601; a pass that runs then is listed too")
    search.add_argument("--days", type=float, default=1.0, metavar="DAYS", help="from start (default: 1.0)")
    search.add_argument(
        "--min-elevation-deg",
        type=float,
        default=0.0,
        metavar="DEGREES",
        help="what counts as rise and set (default: 0.0 degrees)",
    )
    add_tle_options(search, "(default: Sputnik's own orbit)")
    add_output_options(parser.add_argument_group("output"), FORMATS)


def run(arguments: argparse.Namespace) -> None:
    from beep.geometry.forecast import pass_columns, passes
    from beep.output.table import write_csv, write_json

    tell_zone(arguments.start, arguments)
    tle = tle_of(arguments)
    found = passes(
        arguments.station, arguments.start, days=arguments.days, tle=tle, min_elevation_deg=arguments.min_elevation_deg
    )
    with output_of(arguments) as file:
        if arguments.format == "csv":
            write_csv(file, [pass_columns(found)])
        elif arguments.format == "json":
            write_json(file, [pass_columns(found)])
        elif found:
            show_table(HEAD, map(_row, found), file=file)
    if found.ended is not None:
        raise found.ended
    say(_remark(arguments, found, tle), arguments)


def _row(one: Prediction) -> tuple[str, ...]:
    return (
        clock(one.aos, "%Y-%m-%d %H:%M:%S") or "up for days",
        _degrees(one.aos_azimuth_deg),
        clock(one.tca, "%H:%M:%S" if one.aos else "%Y-%m-%d %H:%M:%S"),
        _degrees(one.tca_azimuth_deg),
        _degrees(one.max_elevation_deg),
        f"{one.tca_range_km:.0f}",
        clock(one.los) or "stays up",
        _degrees(one.los_azimuth_deg),
        one.direction,
    )


def _degrees(angle_deg: float | None) -> str:
    return "" if angle_deg is None else f"{angle_deg:.0f}"


def _remark(arguments: argparse.Namespace, found: Passes, tle: str | None) -> str:
    """How many there are, and what the times are worth."""
    from datetime import timedelta

    from beep.base.checks import parse_time
    from beep.geometry import sputnik
    from beep.geometry.tle import elements_of, satellite_name

    name = "Sputnik 1" if tle is None else satellite_name(tle)
    if not found:
        count = f"{name} does not rise above {arguments.min_elevation_deg:g} degrees there in that time"
    elif found[0].aos is None and found[0].los is None:
        count = f"{name} stands above {arguments.min_elevation_deg:g} degrees all the time"
    else:
        count = f"{len(found)} {'pass' if len(found) == 1 else 'passes'} of {name}"
    if tle is not None:
        epoch = elements_of(tle).epoch
        days = max((abs((one.tca - epoch) / timedelta(days=1)) for one in found), default=0.0)
        age = f", here up to {days:.1f} days" if found else ""
        return f"{count}; elements of {epoch:%Y-%m-%d %H:%M} UTC, good to 1 to 3 km for each day from then{age}"
    end = parse_time(arguments.start) + timedelta(days=arguments.days)
    flat = "; the battery was flat from 1957-10-26" if end > sputnik.ORBIT_UNTIL else ""
    return f"{count}; the orbit is good to {sputnik.TCA_ERROR_S} s (1 sigma), 2 % or 15 km in distance{flat}"
