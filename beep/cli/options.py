"""The command line's options, made from the scenario's fields."""

import argparse
import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TextIO

from beep.base.checks import choices
from beep.base.errors import ScenarioError
from beep.cli.terminal import say, stdout
from beep.geometry.stations import STATIONS
from beep.geometry.tle import read_tle
from beep.scenario.presets import beacon, beacons, character, preset, presets, reception_names
from beep.scenario.scenario import SPUTNIK_1, Scenario, fields
from beep.scenario.toml import load

UNITS = {
    "s": "s",
    "km": "km",
    "deg": "degrees",
    "hz": "Hz",
    "mhz": "MHz",
    "rpm": "rpm",
    "db": "dB",
    "dbfs": "dBFS",
    "percent": "percent",
    "hz_s": "Hz/s",
}
PRESETS_IN_WORDS = "tass (as announced), dallas (as taped in Texas), folklore (as people remember it)"
CHARACTERS_IN_WORDS = (
    "ham (AGC, hum, a warm oscillator), lab (wide, fixed gain), tape (as copies sound), clean (no fault)"
)
STATIONS_IN_WORDS = ", ".join(STATIONS)
NOTHING = "none"  # takes an optional field back to its default


def add_scenario_options(parser: argparse.ArgumentParser, *, needs: str = "") -> None:
    """Give a parser --preset, --scenario and their like, and one option for each field of a scenario, in groups.

    `needs` are the arguments that the command cannot do without, for its usage line.
    """
    parser.usage = f"{parser.prog} {needs}".strip() + " [options]"  # all of them would be a screen of their own
    recipe = parser.add_argument_group("recipe", "what the other options change")
    base = recipe.add_mutually_exclusive_group()
    receptions = ", ".join(name for name in presets() if name in reception_names())
    about = f"{PRESETS_IN_WORDS}; or of `beep receptions`: {receptions}"
    base.add_argument("--preset", metavar="NAME", help=f"{about} (default: tass)")
    base.add_argument("--scenario", metavar="FILE", help="a TOML file as `beep show` prints it")
    about = f"all receiver options at once: {CHARACTERS_IN_WORDS}"
    recipe.add_argument("--character", metavar="NAME", help=f"{about} (default: the recipe's own)")
    about = f"send as another of the space race did: {', '.join(beacons())}"
    recipe.add_argument("--beacon", metavar="NAME", help=f"{about} (default: the recipe's own)")
    about = "key as Sputnik 1 did on the date of the pass, as far as that is known"
    recipe.add_argument("--date-keying", action="store_true", help=about)
    groups: dict[str, Any] = {}
    for field in fields():
        title = field.metadata["group"]
        group = groups.get(title) or groups.setdefault(title, parser.add_argument_group(title))
        unit = _unit(field.name)
        settings: dict[str, Any] = {"dest": field.name, "default": argparse.SUPPRESS}
        about = field.metadata["help"] + (f"; known: {STATIONS_IN_WORDS}" if field.name == "station" else "")
        settings["help"] = f"{about} (default: {_default(field, unit)})".replace("%", "%%")
        if field.type is bool:
            settings["action"] = argparse.BooleanOptionalAction
        elif choices(field):
            settings["choices"] = choices(field)
        else:
            settings["metavar"] = (unit or field.name).upper()
            settings["type"] = _reader(field)
        if field.name == "tle":
            add_tle_options(group, f"(default: {field.metadata['unset']})")
        elif field.name == "carriers":
            settings |= {"type": str, "action": "append", "metavar": "MHZ[:WATTS[:SENDS]]"}
            settings["help"] += "; up to twice"
            group.add_argument("--carrier-mhz", **settings)
        else:
            group.add_argument(_flag(field.name), **settings)


def add_tle_options(group: Any, default: str) -> None:
    """Give a parser or group --tle and --satellite."""
    group.add_argument(
        "--tle",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help=f"another satellite: TLE lines, or an OMM as JSON or CSV; - for stdin {default}",
    )
    group.add_argument(
        "--satellite",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help="which of the file's satellites, by its name, part of it, or number (default: the only one)",
    )


def tle_of(arguments: argparse.Namespace) -> str | None:
    """Text of the element set that --tle and --satellite name; None where there is none."""
    path, satellite = getattr(arguments, "tle", NOTHING), getattr(arguments, "satellite", None)
    if path != NOTHING:
        return read_tle(path, satellite=satellite)
    if satellite is not None:
        raise ScenarioError(f"--satellite chooses from a file of element sets, got {satellite!r}; give --tle FILE too")
    return None


def add_output_options(group: Any, formats: tuple[str, ...]) -> None:
    """Give a parser or group --format, of which the first is the default, --output and --force."""
    group.add_argument("--format", choices=formats, default=formats[0], help=f"of the rows (default: {formats[0]})")
    group.add_argument("-o", "--output", metavar="FILE", default="-", help="where to write (default: stdout)")
    group.add_argument("--force", action="store_true", help="replace a file that exists")


@contextmanager
def output_of(arguments: argparse.Namespace) -> Iterator[TextIO]:
    """The open file that --output names, which appears whole or not at all, or stdout."""
    if arguments.output == "-":
        yield stdout()
        return
    from beep.output.files import whole_file

    with whole_file(arguments.output, force=arguments.force) as part, part.open("w", encoding="utf-8") as file:
        yield file


def tell_zone(start: str | None, arguments: argparse.Namespace) -> None:
    """Say that a time without an offset is taken as UTC."""
    with suppress(ValueError):  # complained about elsewhere
        if start is not None and datetime.fromisoformat(start.strip()).tzinfo is None:
            say(f"beep: {start} has no offset and is taken as UTC", arguments)


def _unit(name: str) -> str:
    parts = name.split("_")
    endings = ("_".join(parts[-count:]) for count in (2, 1))  # the longer one first: hz_s before s
    return next((UNITS[ending] for ending in endings if ending in UNITS), "")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _default(field: "dataclasses.Field[Any]", unit: str) -> str:
    if field.default is None or field.default == ():
        return str(field.metadata["unset"])
    if field.name == "carriers":
        return ",".join(f"{c.frequency_mhz:g}:{c.power_w:g}:{c.sends}" for c in SPUTNIK_1)
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return f"{field.default} {unit}".strip()


def _reader(field: "dataclasses.Field[Any]") -> Any:
    """What turns an option's text into a field's value; its name is what argparse calls a wrong one."""
    kind = float if field.type in (float, float | None) else int if field.type is int else str

    def value(text: str) -> Any:
        if field.default is None and text.lower() == NOTHING:
            return None
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"must be a {'whole number' if kind is int else 'number'}, got {text!r}"
            ) from None

    return value


def scenario_of(arguments: argparse.Namespace) -> Scenario:
    """The scenario of parsed options: what was typed, over the character, over the preset or the file."""
    if arguments.scenario is not None:
        base = load(arguments.scenario)
    elif arguments.preset is not None:
        base = preset(arguments.preset)
    else:
        base = Scenario()
    if arguments.character is not None:
        base = character(arguments.character, base)
    typed = {field.name: getattr(arguments, field.name) for field in fields() if hasattr(arguments, field.name)}
    if "carriers" in typed:
        typed["carriers"] = ",".join(typed["carriers"])
    if "tle" in typed or hasattr(arguments, "satellite"):
        typed["tle"] = tle_of(arguments)
    tell_zone(typed.get("start"), arguments)
    sent = beacon(arguments.beacon) if arguments.beacon is not None else {}
    scenario = dataclasses.replace(base, **{**sent, **typed})
    for idle, needs in without_effect(scenario, set(typed)).items():
        say(f"beep: warning: {idle} does nothing without {needs}", arguments)
    if not arguments.date_keying:
        return scenario
    clash = [f"--{name.replace('_', '-')}" for name in ("pulse_s", "pause_s", "keying") if name in typed]
    if clash or sent:
        raise ScenarioError(
            f"--date-keying sets the keying, and so does {(clash or ['--beacon'])[0]}; drop one of them"
        )
    return _keyed_by_date(scenario, arguments)


def without_effect(scenario: Scenario, names: set[str]) -> dict[str, str]:
    """Those of the named fields that do nothing, each with the field that is off and would have to be on."""
    defaults = {field.name: field.default for field in fields()}
    needed = {field.name: field.metadata["needs"] for field in fields() if field.name in names}
    return {name: needs for name, needs in needed.items() if needs and getattr(scenario, needs) == defaults[needs]}


def _keyed_by_date(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    from beep.stream.resolve import date_keying, day_keying

    then = day_keying(scenario)
    how = f"{60 / (then.pulse_s + then.pause_s):.0f} pulses a minute" if then.key == "keyed" else then.key
    say(f"beep: keying of the date: {how} ({then.grade})", arguments)
    return date_keying(scenario, then)


def joined_negatives(arguments: list[str]) -> list[str]:
    """The arguments with `--name -1,2` as `--name=-1,2`: argparse takes a value with a minus sign for an option."""
    joined: list[str] = []
    for argument in arguments:
        if (
            joined
            and re.fullmatch(r"--[a-z][a-z-]*", joined[-1])
            and re.match(r"-(\.?\d|inf|nan)", argument, flags=re.IGNORECASE)
        ):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
