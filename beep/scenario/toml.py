"""Scenarios as TOML, as plain tables, and in the comment of a recording."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from beep.base.checks import choices, from_table
from beep.base.errors import ScenarioError
from beep.base.text import printable, read_text
from beep.scenario.scenario import Scenario, fields

_MOST_BYTES = 200_000  # of a file; `beep show` prints 7000, and 2000 changes of the keying take 120,000
_MOST_DOTS = 1000  # in a line: the time that tomllib takes for a key of N parts grows with the square of N


def from_dict(table: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a mapping of field names, as TOML and JSON give it; missing fields take their defaults."""
    scenario: Scenario = from_table(Scenario, table)
    return scenario


def to_dict(scenario: Scenario) -> dict[str, Any]:
    """Return the fields as plain JSON values, without those that are None; the inverse of `from_dict`."""
    table = {name: value for name, value in dataclasses.asdict(scenario).items() if value is not None}
    if isinstance(scenario.start, datetime):
        table["start"] = _iso(scenario.start)
    regimes = [{name: value for name, value in regime.items() if value is not None} for regime in table["keying"]]
    return table | {"carriers": list(table["carriers"]), "keying": regimes}


def from_comment(text: str) -> Scenario | None:
    """Return the scenario in a recording's comment, as `export` writes it; None for any other comment."""
    if len(text) > _MOST_BYTES:
        return None
    try:
        table = json.loads(text)
        return from_dict(table) if table else None
    except (ValueError, TypeError, RecursionError):  # a ScenarioError and a TleError are ValueErrors
        return None


def load(path: str | Path) -> Scenario:
    """Return the scenario of a TOML file; raises ScenarioError with the file's name where it cannot be read."""
    try:
        return from_dict(read_toml(path))
    except ScenarioError as error:
        raise error if str(path) in str(error) else ScenarioError(f"{path}: {error}") from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return the table of a TOML file; raises ScenarioError with the file's name where it cannot be read."""
    import tomllib

    try:
        text = read_text(path, most_bytes=_MOST_BYTES)
        if max(line.count(".") for line in text.split("\n")) > _MOST_DOTS:
            raise ValueError(f"a line has more than {_MOST_DOTS} dots")
        return tomllib.loads(text)
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}; check its name") from None
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is a ValueError
        reason = printable(str(error))
        raise ScenarioError(f"{path} is not a scenario in TOML ({reason}); `beep show` prints one") from None


def to_toml(scenario: Scenario, *, without: Scenario | None = None) -> str:
    """Return a scenario as TOML, grouped, with the help of each field beside it; the inverse of `load`.

    Fields that have the same value in `without` are left out.
    """
    lines = []
    group = None
    for field in fields():
        if without is not None and getattr(scenario, field.name) == getattr(without, field.name):
            continue
        if field.metadata["group"] != group:
            group = field.metadata["group"]
            lines += ["", f"# --- {group}"]
        value, about = getattr(scenario, field.name), field.metadata["help"]
        if value is None:
            lines.append(f"# {field.name} =   # {about}; now: {field.metadata['unset']}")
        elif isinstance(value, str) and "\n" in value and "'''" not in value:
            lines += [f"{field.name} = '''", f"{value}'''  # {about}"]
        elif isinstance(value, tuple) and value:
            lines.append(f"{field.name} = [  # {about}")
            lines += [f"  {_inline(record)}," for record in value]
            lines.append("]")
        else:
            text = _iso(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
            options = f" ({', '.join(choices(field))})" if choices(field) else ""
            lines.append(f"{field.name} = {text}  # {about}{options}")
    return "\n".join(lines[1:]) + "\n"


def _inline(record: Any) -> str:
    """A record as an inline table, without what is None."""
    pairs = ((field.name, getattr(record, field.name)) for field in dataclasses.fields(record))
    return "{" + ", ".join(f"{name} = {json.dumps(value)}" for name, value in pairs if value is not None) + "}"


def _iso(utc: datetime) -> str:
    return utc.isoformat().replace("+00:00", "Z")
