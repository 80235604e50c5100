"""The options that several commands share; those of a scenario are made from its fields."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from beep.base.checks import choices, names_zone, number_type, parse_time, unit_of
from beep.base.errors import RecordingError, ScenarioError
from beep.base.text import quoted
from beep.cli.messages import note, stdout, warn
from beep.cli.parser import Parser, reader
from beep.geometry.stations import STATIONS
from beep.geometry.tle import read_tle
from beep.scenario.carriers import SPUTNIK_1
from beep.scenario.presets import beacon, beacons, character, preset, presets, reception_names
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beep.measuring.recording import Recording

METAVARS = {"station": "PLACE", "start": "UTC"}  # others have their unit or name
STATION_NAMES = ", ".join(STATIONS)
NOTHING = "none"  # takes an optional field back to its default


def add_scenario_options(parser: Parser) -> None:
    """Give a parser the options --preset, --scenario and so on, and one option for each field of a scenario."""
    if parser.scenario_in:
        parser.description = f"{parser.description} It takes all options of `beep {parser.scenario_in}`, too."
        return
    recipe = parser.add_argument_group("scenario", "the settings to start from; all other options change them")
    base = recipe.add_mutually_exclusive_group()
    receptions = ", ".join(name for name in presets() if name in reception_names() and name != "dallas")
    base.add_argument(
        "--preset",
        metavar="NAME",
        help="tass (as announced), dallas (place, keying, tone and receiver of a tape of 1957), folklore (as many "
        f"remember it), or a reception of 1957: {receptions} (default: tass)",
    )
    base.add_argument("--scenario", metavar="FILE", help="a scenario in TOML, as `beep show` prints it")
    recipe.add_argument(
        "--character",
        metavar="NAME",
        help="set all receiver options at once: ham (AGC, hum, drifting oscillator), lab (wide filter, fixed gain), "
        "tape (AGC and a tape copy), clean (no faults) (default: those of the scenario)",
    )
    recipe.add_argument(
        "--beacon",
        metavar="NAME",
        help=f"use the carriers and keying of an early satellite: {', '.join(beacons())} (default: as in the scenario)",
    )
    recipe.add_argument(
        "--date-keying", action="store_true", help="key as Sputnik 1 did on the date of the pass, as far as known"
    )
    parser.rare |= {"beacon", "date_keying", "satellite"}
    groups: dict[str, Any] = {}
    for field in fields():
        title = field.metadata["group"]
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        _add_field(groups[title], field)
        if not field.metadata["usual"]:
            parser.rare.add(field.name)


def _add_field(group: Any, field: dataclasses.Field[Any]) -> None:
    """Give a group the option of a scenario's field."""
    if field.name == "tle":
        add_tle_options(group, str(field.metadata["unset"]))
        return
    unit = unit_of(field.name)
    flag = "--" + field.name.replace("_", "-")
    text = field.metadata["help"] + (f"; known: {STATION_NAMES}" if field.name == "station" else "")
    settings: dict[str, Any] = {"dest": field.name, "default": argparse.SUPPRESS}
    if field.name == "carriers":
        settings |= {"action": "append", "metavar": "MHZ[:WATTS[:SENDS]]"}
        flag, text = "--carrier-mhz", f"{text}; up to twice"
    elif field.type is bool:
        settings["action"] = argparse.BooleanOptionalAction
    elif choices(field):
        settings["choices"] = choices(field)
    else:
        settings |= {"metavar": METAVARS.get(field.name, (unit or field.name).upper()), "type": _reader(field)}
    group.add_argument(flag, help=f"{text} (default: {_default(field, unit)})".replace("%", "%%"), **settings)


def add_number(group: Any, name: str, text: str, default: Any = None, *, unset: str = "", kind: type = float) -> None:
    """Give a parser or group the option of a number, in the unit that its name ends with; `unset` stands for None."""
    unit = unit_of(name)
    settings = {"type": reader(name, kind), "metavar": (unit or name).upper(), "default": default}
    shown = unset if default is None else f"{default} {unit}".rstrip()
    group.add_argument(f"--{name.replace('_', '-')}", help=f"{text} (default: {shown})", **settings)


def add_tle_options(group: Any, default: str) -> None:
    """Give a parser or group --tle and --satellite."""
    group.add_argument(
        "--tle",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"another satellite: a file of TLE lines, or an OMM as JSON, CSV or XML; - for stdin (default: {default})",
    )
    group.add_argument(
        "--satellite",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="name, part of the name, or number of a satellite in the file of --tle (default: the only one)",
    )


def tle_of(arguments: argparse.Namespace) -> str | None:
    """Return the text of the element set that --tle and --satellite name; None where there is none."""
    path, satellite = getattr(arguments, "tle", NOTHING), getattr(arguments, "satellite", None)
    if path != NOTHING:
        return read_tle(path, satellite=satellite)
    if satellite is not None:
        raise ScenarioError(
            f"--satellite chooses from a file of element sets, got {quoted(satellite)}; give --tle FILE too"
        )
    return None


def add_output_options(
    group: Any, formats: tuple[str, ...], about: str = "output format", *, default: str | None = None
) -> None:
    """Give a parser or group --format, --csv and --json for short, --output and --force.

    Without `default`, which says what a format of None stands for, the first format is the default.
    """
    group.add_argument(
        "--format",
        choices=formats,
        default=None if default else formats[0],
        help=f"{about} (default: {default or formats[0]})",
    )
    for name in ("csv", "json"):
        about = f"same as --format {name}"
        group.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=about)
    group.add_argument("-o", "--output", metavar="FILE", default="-", help="file to write (default: stdout)")
    group.add_argument("--force", action="store_true", help="replace a file that exists")


@contextmanager
def output_of(arguments: argparse.Namespace) -> Iterator[TextIO]:
    """Return the open file that --output names, which appears whole or not at all, or stdout."""
    if arguments.output == "-":
        yield stdout()
        return
    from beep.output.files import whole_file

    with (
        whole_file(arguments.output, force=arguments.force) as part,
        part.open("w", encoding="utf-8", newline="\n") as file,
    ):
        yield file


def add_section_options(group: Any) -> None:
    """Give a parser or group --from-s and --to-s."""
    add_number(group, "from_s", "use the recording from here on", unset="its beginning")
    add_number(group, "to_s", "use the recording up to here", unset="its end")


@contextmanager
def open_input(name: str, arguments: argparse.Namespace | None = None) -> Iterator[Recording]:
    """Open the recording that an argument names, or the section of it that the options give; `-` is stdin."""
    from beep.measuring.recording import open_recording
    from beep.output.card import quiet

    if name == "-" and sys.stdin is None:
        raise RecordingError("stdin must be open to read a recording from it, but it is closed; name a file")
    # Without a buffer, which the interpreter would wait for at its end where the stream is silent.
    source = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer) if name == "-" else name
    with quiet(), open_recording(source) as recording:  # libsndfile prints what it finds wrong in an MP3
        from_s, to_s = getattr(arguments, "from_s", None), getattr(arguments, "to_s", None)
        yield recording if from_s is to_s is None else recording.section(from_s=from_s or 0.0, to_s=to_s)


def note_utc(start: str | None, arguments: argparse.Namespace) -> None:
    """Print that a time without a time zone is taken as UTC."""
    if start is not None and parse_time(start) and not names_zone(start):
        note(f"no time zone given: {start} is taken as UTC", arguments)


def _default(field: dataclasses.Field[Any], unit: str) -> str:
    if field.default is None or field.default == ():
        return str(field.metadata["unset"])
    if field.name == "carriers":
        return ",".join(f"{c.frequency_mhz:g}:{c.power_w:g}:{c.sends}" for c in SPUTNIK_1)
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return f"{field.default} {unit}".strip()


def _reader(field: dataclasses.Field[Any]) -> Callable[[str], Any]:
    """Return the type of an option for a field; a field without a default value also takes the text "none"."""
    kind = number_type(field)
    read: Callable[[str], Any] = reader(field.name, kind) if kind else str
    return read if field.default is not None else lambda text: None if text.lower() == NOTHING else read(text)


def scenario_of(arguments: argparse.Namespace) -> Scenario:
    """Return the scenario of parsed options: the single options change the character, which changes the preset."""
    if arguments.scenario is not None:
        base = load(arguments.scenario)
    else:
        base = Scenario() if arguments.preset is None else preset(arguments.preset)
    if arguments.character is not None:
        base = character(arguments.character, base)
    typed = typed_fields(arguments)
    if "carriers" in typed:
        typed["carriers"] = ",".join(typed["carriers"])
    for given, instead_of in (("beeps", "duration_s"), ("duration_s", "beeps")):
        if given in typed:
            typed.setdefault(instead_of, None)  # an option replaces what the preset says of the length
    if "tle" in typed or hasattr(arguments, "satellite"):
        typed["tle"] = tle_of(arguments)
    note_utc(typed.get("start"), arguments)
    if "start" in typed and base.station is None and not typed.get("station"):
        note("a start without --station only dates the simple pass; a real pass needs --station PLACE", arguments)
    sent = beacon(arguments.beacon) if arguments.beacon is not None else {}
    scenario = dataclasses.replace(base, **{**sent, **typed})
    for field in fields():
        needed = field.metadata["needs"]
        if field.name in typed and needed and getattr(scenario, needed) == getattr(Scenario(), needed):
            warn(f"{arguments.options[field.name]} does nothing without {arguments.options[needed]}", arguments)
    if not arguments.date_keying:
        return scenario
    clash = [arguments.options[name] for name in ("pulse_s", "pause_s", "keying") if name in typed]
    if clash or sent:
        raise ScenarioError(
            f"--date-keying sets the keying, and so does {(clash or ['--beacon'])[0]}; drop one of them"
        )
    from beep.stream.resolve import date_keying, day_keying

    then = day_keying(scenario)
    rate = f"{60 / (then.pulse_s + then.pause_s):.0f} pulses a minute" if then.key == "keyed" else then.key
    note(f"keying of the date: {rate} ({then.grade})", arguments)
    return date_keying(scenario, then)


def iq_scenario_of(arguments: argparse.Namespace) -> Scenario:
    """Return the scenario of parsed options for I/Q. Raises ScenarioError where an option sets the receiver."""
    from beep.stream.baseband import RECEIVER_FIELDS

    typed = [arguments.options[name] for name in RECEIVER_FIELDS if hasattr(arguments, name)]
    typed += ["--character"] if arguments.character is not None else []
    if typed:
        raise ScenarioError(f"I/Q is the signal before the receiver, got {typed[0]}; drop it")
    scenario, usual = scenario_of(arguments), Scenario()
    unused = [name for name in RECEIVER_FIELDS if getattr(scenario, name) != getattr(usual, name)]
    if unused:
        note(f"I/Q is the signal before the receiver: {', '.join(unused)} of the scenario not used", arguments)
    return scenario


def typed_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of a scenario that were given as options."""
    return {field.name: getattr(arguments, field.name) for field in fields() if hasattr(arguments, field.name)}
