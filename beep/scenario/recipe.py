"""Recipes as TOML and as plain tables, and those that come with the package."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from beep.base.checks import choices, from_table, nearest
from beep.base.errors import ScenarioError
from beep.scenario.scenario import Scenario, fields

PRESETS = Path(__file__).parent / "data"
CHARACTERS = PRESETS / "characters"


def from_dict(table: Mapping[str, Any]) -> Scenario:
    """Scenario of a mapping of field names, as TOML and JSON give it; what is missing takes its default."""
    scenario: Scenario = from_table(Scenario, table)
    return scenario


def to_dict(scenario: Scenario) -> dict[str, Any]:
    """The fields as plain JSON values, without those that are None; `from_dict` takes it back unchanged."""
    table = {name: value for name, value in dataclasses.asdict(scenario).items() if value is not None}
    if isinstance(scenario.start, datetime):
        table["start"] = _iso(scenario.start)
    regimes = [{name: value for name, value in regime.items() if value is not None} for regime in table["keying"]]
    return table | {"carriers": list(table["carriers"]), "keying": regimes}


def from_comment(text: str) -> Scenario | None:
    """Scenario in a recording's comment, as `export` writes it; None where the comment is something else."""
    try:
        return from_dict(json.loads(text))
    except (ValueError, RecursionError):  # a ScenarioError is a ValueError, too
        return None


def load(path: str | Path) -> Scenario:
    """Scenario of a TOML file. Raises ScenarioError, with the file's name, where it cannot be read or is wrong."""
    try:
        return from_dict(read_toml(path))
    except ScenarioError as error:
        raise error if str(path) in str(error) else ScenarioError(f"{path}: {error}") from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """The table of a TOML file; raises ScenarioError, with the file's name, where it cannot be read."""
    import tomllib

    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{path} is not a TOML recipe ({error}); `beep show` prints one to start from") from None


def presets() -> list[str]:
    """Names of the scenarios that come with the package; the receptions of 1957 in line of sight are among them."""
    own = {path.stem for path in PRESETS.glob("*.toml")}
    return sorted(own | {name for name in reception_names() if "over_horizon" not in reception(name)})


def preset(name: str) -> Scenario:
    """Scenario that comes with the package, by name; refused where the orbit has no line of sight to what was heard."""
    if name in reception_names() and not (PRESETS / f"{name}.toml").exists():
        record = reception(name)
        if "over_horizon" in record:
            raise ScenarioError(
                f"{record['who']} heard it from below the horizon ({record['over_horizon']}), so there is no pass to "
                f"make; `beep receptions` lists those with one"
            )
        return from_dict(record["recipe"])
    _check_name("preset", name, presets())
    return load(PRESETS / f"{name}.toml")


def characters() -> list[str]:
    """Names of the receivers that come with the package."""
    return sorted(path.stem for path in CHARACTERS.glob("*.toml"))


def character(name: str, scenario: Scenario) -> Scenario:
    """`scenario` heard with a receiver that comes with the package: ham, lab, tape or clean.

    All fields of the group `receiver` are set, to what the receiver's file says or else to their defaults; the tuning
    stays. Raises ScenarioError where there is no such receiver.
    """
    _check_name("character", name, characters())
    receiver = {field.name: field.default for field in fields() if field.metadata["group"] == "receiver"}
    return dataclasses.replace(scenario, **{**receiver, **read_toml(CHARACTERS / f"{name}.toml")})


def reception_names() -> list[str]:
    """Names of the receptions of 1957 on record."""
    return sorted(path.stem for path in (PRESETS / "receptions").glob("*.toml"))


def reception(name: str) -> dict[str, Any]:
    """What is on record of a reception: who, report, heard_from and _until, grade, source, recipe, over_horizon."""
    return read_toml(PRESETS / "receptions" / f"{name}.toml")


def beacons() -> list[str]:
    """Names of the space race's beacons that come with the package."""
    return sorted(path.stem for path in (PRESETS / "beacons").glob("*.toml"))


def beacon(name: str) -> dict[str, Any]:
    """Fields of a Scenario that make it send as a beacon of the space race did: `Scenario(**beacon("vanguard-1"))`."""
    _check_name("beacon", name, beacons())
    recipe: dict[str, Any] = read_toml(PRESETS / "beacons" / f"{name}.toml")["recipe"]
    return recipe


def _check_name(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        near = nearest(name, known, most=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        raise ScenarioError(f"no {kind} is called {name!r}; {hint}")


def to_toml(scenario: Scenario) -> str:
    """TOML of a scenario, grouped, with the help of each field beside it; `load` takes it back unchanged."""
    lines = []
    group = None
    for field in fields():
        if field.metadata["group"] != group:
            group = field.metadata["group"]
            lines += ["", f"# --- {group}"]
        value = getattr(scenario, field.name)
        if value is None:
            lines.append(f"# {field.name} =   # {field.metadata['help']}; now: {field.metadata['unset']}")
        elif isinstance(value, str) and "\n" in value and "'''" not in value:
            lines += [f"{field.name} = '''", f"{value}'''  # {field.metadata['help']}"]
        elif isinstance(value, tuple) and value:
            lines.append(f"{field.name} = [  # {field.metadata['help']}")
            lines += [f"  {_inline(record)}," for record in value]
            lines.append("]")
        else:
            text = _iso(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
            options = f" ({', '.join(choices(field))})" if choices(field) else ""
            lines.append(f"{field.name} = {text}  # {field.metadata['help']}{options}")
    return "\n".join(lines[1:]) + "\n"


def _inline(record: Any) -> str:
    """A record as an inline table, without what is None."""
    pairs = ((field.name, getattr(record, field.name)) for field in dataclasses.fields(record))
    return "{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in pairs if value is not None) + "}"


def _iso(utc: datetime) -> str:
    return utc.isoformat().replace("+00:00", "Z")
