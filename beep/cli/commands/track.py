"""`beep track`: prints the exact values of a reception, moment by moment."""

from __future__ import annotations

import argparse

from beep.base.errors import ScenarioError
from beep.cli.options import add_output_options, add_scenario_options, output_of, scenario_of
from beep.cli.parser import Parser
from beep.scenario.scenario import Scenario


def add(parser: Parser) -> None:
    output = parser.add_argument_group(
        "output",
        "csv, json: geometry, and Doppler, tone and level of each carrier\n"
        "doppler: Unix time and Doppler of one frequency, for gr-satellites\n"
        "strf: MJD, received frequency, flux and site of one frequency, for strf",
    )
    output.add_argument("--step-s", type=float, default=1.0, metavar="S", help="time between two rows (default: 1.0 s)")
    output.add_argument(
        "--frequency-mhz", type=float, metavar="MHZ", help="frequency whose Doppler is printed (default: the carriers)"
    )
    output.add_argument(
        "--parts",
        action="store_true",
        help="add columns for ionosphere, Faraday rotation, spin, loss, power, field and C/N0 (default: no)",
    )
    output.add_argument(
        "--site", type=int, metavar="N", help="number of the station in the sites.txt of strf (default: none)"
    )
    parser.rare |= {"frequency_mhz", "parts", "site"}
    about = "csv, json: all columns; doppler, strf: one frequency, as gr-satellites or strf reads it"
    add_output_options(output, ("csv", "json", "doppler", "strf"), about)
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.doppler_files import write_doppler, write_strf
    from beep.output.table import WRITERS
    from beep.stream.track import track_rows

    scenario, form, site = scenario_of(arguments), arguments.format, arguments.site
    if site is not None and form != "strf":
        raise ScenarioError(f"--site belongs to --format strf, got it with --format {form}; drop it")
    frequency_mhz = arguments.frequency_mhz
    if frequency_mhz is None and form not in WRITERS:
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
        else:
            WRITERS[form](file, tables)


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
