"""`beep track`: prints the exact values of a reception, moment by moment."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, TextIO

from beep.base.errors import ScenarioError
from beep.cli.messages import say, stdout
from beep.cli.options import add_number, add_output_options, add_scenario_options, output_of, scenario_of
from beep.cli.parser import Parser
from beep.cli.tables import show_table
from beep.scenario.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beep.output.table import Table

_SHOWN = (
    ("range_km", ">km", ".0f"),
    ("range_rate_km_s", ">km/s", "+.3f"),
    ("azimuth_deg", ">az.", ".1f"),
    ("elevation_deg", ">el.", ".1f"),
)
_NUMBERED = re.compile(r"\b((doppler|tone|level)_([\d.]+)_(?:hz|db))\b")
_FORMATS = {"doppler": "+.1f", "tone": ".1f", "level": ".1f"}
_COLUMNS = (
    "km: range; km/s: range rate; az., el.: azimuth from north through east and elevation, degrees; doppler, tone: Hz; "
    "level: dBFS\n--format csv has all columns and digits, a longer --step-s fewer rows"
)


def add(parser: Parser) -> None:
    output = parser.add_argument_group(
        "output",
        "table: geometry, Doppler, tone and level, rounded\n"
        "csv, json: geometry, and Doppler, tone and level of each carrier\n"
        "doppler: Unix time and Doppler of one frequency, for gr-satellites\n"
        "strf: MJD, received frequency, flux and site of one frequency, for strf",
    )
    add_number(output, "step_s", "time between two rows", 1.0)
    add_number(output, "frequency_mhz", "frequency whose Doppler is printed", unset="the carriers")
    output.add_argument(
        "--parts",
        action="store_true",
        help="add columns for ionosphere, Faraday rotation, spin, loss, power, field and C/N0 (default: no)",
    )
    add_number(output, "site", "number of the station in the sites.txt of strf", unset="none", kind=int)
    parser.rare |= {"frequency_mhz", "parts", "site"}
    about = "table; csv, json: all columns; doppler, strf: one frequency, as gr-satellites or strf reads it"
    formats = ("table", "csv", "json", "doppler", "strf")
    add_output_options(output, formats, about, default="table on a terminal, else csv")
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.doppler_files import write_doppler, write_strf
    from beep.output.table import WRITERS
    from beep.stream.track import track_rows

    scenario, site = scenario_of(arguments), arguments.site
    on_terminal = arguments.output == "-" and stdout().isatty()
    form = arguments.format or ("table" if on_terminal else "csv")
    if site is not None and form != "strf":
        raise ScenarioError(f"--site belongs to --format strf, got it with --format {form}; drop it")
    frequency_mhz = arguments.frequency_mhz
    if frequency_mhz is None and form in ("doppler", "strf"):
        frequency_mhz = _only_carrier_mhz(scenario, form)
    if form == "strf":
        _check_site(scenario, site)
    if arguments.parts and frequency_mhz is not None:
        raise ScenarioError(
            f"--parts are values of the carriers, got it with one frequency, {frequency_mhz:g} MHz; drop one"
        )
    tables = track_rows(scenario, step_s=arguments.step_s, parts=arguments.parts, frequency_mhz=frequency_mhz)
    with output_of(arguments) as file:
        if form == "strf":
            write_strf(file, tables, frequency_hz=frequency_mhz * 1e6, site=site)
        elif form == "doppler":
            write_doppler(file, tables)
        elif form == "table":
            _show(file, tables)
            say(_COLUMNS, arguments)
        else:
            WRITERS[form](file, tables)


def _show(file: TextIO, tables: Iterable[Table]) -> None:
    """Print the columns that a reader wants to see; on a narrow terminal without the levels."""
    import numpy as np

    head, rows, levels = [""], [], 0
    for table in tables:
        dated = not np.isnat(table["utc"][0])
        columns: list[Iterable[str]] = [
            table["utc"].astype("datetime64[s]").astype(str) if dated else table["t_s"].astype(str)
        ]
        head = ["UTC" if dated else ">s"]
        numbered = sorted(_NUMBERED.findall(" ".join(table)), key=lambda found: found[1] == "level")
        levels = sum(kind == "level" for _, kind, _ in numbered)
        shown = [*_SHOWN, *((name, f">{kind} {mhz}", _FORMATS[kind]) for name, kind, mhz in numbered)]
        for name, title, form in shown:
            head.append(title)
            columns.append([format(value, form) for value in table[name].tolist()])
        rows += [(str(first).partition("T")[2] or str(first), *rest) for first, *rest in zip(*columns, strict=True)]
    show_table(head, rows, file=file, spare=levels)


def _only_carrier_mhz(scenario: Scenario, form: str) -> float:
    if len(scenario.heard) > 1:
        both = " and ".join(f"{carrier.frequency_mhz:g}" for carrier in scenario.heard)
        also = ", and give --station, --start and --site" if form == "strf" and scenario.station is None else ""
        raise ScenarioError(f"the format {form} holds one frequency, got {both} MHz; choose with --frequency-mhz{also}")
    return scenario.heard[0].frequency_mhz


def _check_site(scenario: Scenario, site: int | None) -> None:
    """Raise ScenarioError where strf could not name the station."""
    from beep.geometry.stations import parse_station

    if scenario.station is None:
        raise ScenarioError(
            "strf needs a place and a date, the simple pass has none; give --station, --start and --site"
        )
    place = parse_station(scenario.station)
    if site is None or not 0 <= site <= 9999:
        line = f"9000 ME {place.latitude_deg:8.4f} {place.longitude_deg:9.4f} {place.height_m:6.0f}    my name"
        raise ScenarioError(
            f"strf names a place by a number, 0 to 9999, got {'none' if site is None else site}; "
            f"add a line such as `{line}` to its sites.txt and give --site 9000"
        )
