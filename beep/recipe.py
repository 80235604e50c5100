"""Recipes as TOML and as plain tables, and those that come with the package."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from beep.errors import ScenarioError
from beep.rules import choices, from_table
from beep.scenario import Scenario, fields

PRESETS = Path(__file__).parent / "scenarios"


def from_dict(table: Mapping[str, Any]) -> Scenario:
    """Scenario of a mapping of field names, as TOML and JSON give it; what is missing takes its default."""
    scenario: Scenario = from_table(Scenario, table)
    return scenario


def to_dict(scenario: Scenario) -> dict[str, Any]:
    """The fields as plain JSON values, without those that are None; `from_dict` takes it back unchanged."""
    table = {name: value for name, value in dataclasses.asdict(scenario).items() if value is not None}
    if isinstance(scenario.start, datetime):
        table["start"] = _iso(scenario.start)
    return table | {"carriers": list(table["carriers"])}


def from_comment(text: str) -> Scenario | None:
    """Scenario in a recording's comment, as `export` writes it; None where the comment is something else."""
    try:
        return from_dict(json.loads(text))
    except (ValueError, RecursionError):  # a ScenarioError is a ValueError, too
        return None


def load(path: str | Path) -> Scenario:
    """Scenario of a TOML file. Raises ScenarioError, with the file's name, where it cannot be read or is wrong."""
    import tomllib

    try:
        with open(path, "rb") as file:
            return from_dict(tomllib.load(file))
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{path} is not a TOML recipe ({error}); `beep show` prints one to start from") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def presets() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def preset(name: str) -> Scenario:
    """Scenario that comes with the package, by name."""
    if name not in presets():
        near = difflib.get_close_matches(name, presets(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(presets())}"
        raise ScenarioError(f"no preset is called {name!r}; {hint}")
    return load(PRESETS / f"{name}.toml")


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
        elif field.name == "carriers":
            lines.append("carriers = [")
            lines += [
                f'  {{frequency_mhz = {c.frequency_mhz!r}, power_w = {c.power_w!r}, sends = "{c.sends}"}},'
                for c in scenario.carriers
            ]
            lines.append("]")
        else:
            text = _iso(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
            options = f" ({', '.join(choices(field))})" if choices(field) else ""
            lines.append(f"{field.name} = {text}  # {field.metadata['help']}{options}")
    return "\n".join(lines[1:]) + "\n"


def _iso(utc: datetime) -> str:
    return utc.isoformat().replace("+00:00", "Z")
