"""The command line's options, made from the scenario's fields."""

import argparse
import dataclasses
import re
from typing import Any

from beep.recipe import load, preset
from beep.rules import choices
from beep.scenario import SPUTNIK_1, Scenario, fields
from beep.stations import STATIONS

UNITS = {
    "s": "s",
    "km": "km",
    "deg": "degrees",
    "hz": "Hz",
    "mhz": "MHz",
    "rpm": "rpm",
    "db": "dB",
    "dbfs": "dBFS",
}
PRESETS_IN_WORDS = "tass (as announced), dallas (as taped in Texas), folklore (as people remember it)"
NOTHING = "none"  # takes an optional field back to its default


def add_scenario_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser --preset, --scenario and one option for each field of a scenario, in groups."""
    base = parser.add_argument_group("recipe", "what the other options change").add_mutually_exclusive_group()
    base.add_argument("--preset", metavar="NAME", help=f"{PRESETS_IN_WORDS} (default: tass)")
    base.add_argument("--scenario", metavar="FILE", help="a TOML file as `beep show` prints it")
    groups: dict[str, Any] = {}
    for field in fields():
        title = field.metadata["group"]
        group = groups.get(title) or groups.setdefault(title, parser.add_argument_group(title))
        unit = UNITS.get(field.name.rpartition("_")[2], "")
        settings: dict[str, Any] = {"dest": field.name, "default": argparse.SUPPRESS}
        about = field.metadata["help"] + (f"; known: {', '.join(STATIONS)}" if field.name == "station" else "")
        settings["help"] = f"{about} (default: {_default(field, unit)})".replace("%", "%%")
        if field.type is bool:
            settings["action"] = argparse.BooleanOptionalAction
        elif choices(field):
            settings["choices"] = choices(field)
        else:
            settings["metavar"] = (unit or field.name).upper()
            settings["type"] = _reader(field)
        group.add_argument(_flag(field.name), **settings)


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
    """The scenario of parsed options: what was typed, over the preset or the file."""
    if arguments.scenario is not None:
        base = load(arguments.scenario)
    elif arguments.preset is not None:
        base = preset(arguments.preset)
    else:
        base = Scenario()
    typed = {field.name: getattr(arguments, field.name) for field in fields() if hasattr(arguments, field.name)}
    return dataclasses.replace(base, **typed)


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
