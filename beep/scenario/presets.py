"""What comes with the package, by name: scenarios, receivers, beacons, and receptions of 1957 (the files in `data`)."""

import dataclasses
from pathlib import Path
from typing import Any

from beep.base.errors import ScenarioError, unknown_name
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import from_dict, load, read_toml

DATA = Path(__file__).parent / "data"
IN_SIGHT, OVER_HORIZON = DATA / "receptions", DATA / "over_horizon"


def presets() -> list[str]:
    """Names of the scenarios that come with the package, with the receptions of 1957 that were in line of sight."""
    return sorted({*_names(DATA), *_names(IN_SIGHT)})


def preset(name: str) -> Scenario:
    """Return a scenario of the package by name.

    Raises ScenarioError where there is none, and for a reception of 1957 without line of sight.
    """
    if name in _names(DATA):
        return load(_file(DATA, name))
    if name not in reception_names():
        raise unknown_name("preset must be", name, presets())
    record = reception(name)
    if "over_horizon" in record:
        raise ScenarioError(
            f"{record['who']} heard it from below the horizon ({record['over_horizon']}), so there is no pass to "
            f"make; `beep receptions` lists those with one"
        )
    return from_dict(record["recipe"])


def characters() -> list[str]:
    """Names of the receivers that come with the package."""
    return _names(DATA / "characters")


def character(name: str, scenario: Scenario) -> Scenario:
    """Return `scenario` with a receiver of the package: ham, lab, tape or clean.

    All fields of the group `receiver` take the values of the receiver's file, or their defaults; the tuning stays.
    Raises ScenarioError where there is no such receiver.
    """
    if name not in characters():
        raise unknown_name("character must be", name, characters())
    receiver = {field.name: field.default for field in fields() if field.metadata["group"] == "receiver"}
    return dataclasses.replace(scenario, **{**receiver, **read_toml(_file(DATA / "characters", name))})


def beacons() -> list[str]:
    """Names of the early satellites' beacons that come with the package."""
    return _names(DATA / "beacons")


def beacon(name: str) -> dict[str, Any]:
    """Return the fields that make a Scenario send as an early satellite: `Scenario(**beacon("vanguard-1"))`."""
    if name not in beacons():
        raise unknown_name("beacon must be", name, beacons())
    recipe: dict[str, Any] = read_toml(_file(DATA / "beacons", name))["recipe"]
    return recipe


def reception_names() -> list[str]:
    """Names of the receptions of 1957 on record."""
    return sorted(_names(IN_SIGHT) + _names(OVER_HORIZON))


def reception(name: str) -> dict[str, Any]:
    """Return the record of a reception: who, report, heard_from and _until, grade, source, recipe, over_horizon."""
    return read_toml(_file(IN_SIGHT if name in _names(IN_SIGHT) else OVER_HORIZON, name))


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.toml"
