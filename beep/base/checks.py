"""The rules of a record's fields: its default, unit, help and bounds stand in one place, and are checked at birth."""

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import Any, get_args

from beep.base.errors import ScenarioError


def nearest(word: str, known: Iterable[str], *, most: int) -> list[str]:
    """Those of the known words that could have been meant, the likeliest first."""
    import difflib  # which few need

    return difflib.get_close_matches(word, known, n=most)


def number_of(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ScenarioError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ScenarioError(f"{name} must be finite, got {number}")
    return number


def field(
    default: Any,
    group: str,
    text: str,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    unset: str = "",
    needs: str = "",
    read: Callable[[Any], Any] | None = None,
    usual: bool = False,
) -> Any:
    """A dataclass field with its help text and rules.

    `above`, `least` and `most` bound a number. `unset` says what None or an empty value stands for. `needs` names the
    field that must be set for this one to have an effect. `read` converts what the user gave into the field's value.
    A `usual` field is shown in the short help.
    """
    bounds = {"above": above, "least": least, "most": most}
    metadata = {"group": group, "help": text, "unset": unset, "needs": needs, "read": read, "usual": usual, **bounds}
    return dataclasses.field(default=default, metadata=metadata)


def choices(field: "dataclasses.Field[Any]") -> tuple[str, ...]:
    """The values that a field allows, or none where it is free."""
    return tuple(value for value in get_args(field.type) if isinstance(value, str))


def checked(field: "dataclasses.Field[Any]", value: Any) -> Any:
    """`value` as the field's type, within its bounds; raises ScenarioError with the rule and the default."""
    name, rule = field.name, field.metadata
    if value is None and field.default is None:
        return None
    allowed = choices(field)
    if allowed:
        if value not in allowed:
            near = nearest(str(value), allowed, most=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ScenarioError(f"{name} must be one of {', '.join(allowed)}, got {value!r}{hint}")
        return value
    if rule["read"] is not None:
        return rule["read"](value)
    if field.type is bool:
        if not isinstance(value, bool):
            raise ScenarioError(f"{name} must be true or false, got {value!r}")
        return value
    if field.type is str or field.type == (str | None):
        if not isinstance(value, str):
            raise ScenarioError(f"{name} must be text, got {value!r}; put it in quotes")
        return value
    number = number_of(name, value)
    if field.type is int:
        if not isinstance(value, Integral):
            raise ScenarioError(f"{name} must be a whole number, got {value!r}; the default is {field.default}")
        number = int(value)
    above, least, most = rule["above"], rule["least"], rule["most"]
    bounds = [f"above {above:g}"] if above is not None else [f"{least:g} or more"] if least is not None else []
    bounds += [f"at most {most:g}"] if most is not None else []
    low_enough = (above is None or number > above) and (least is None or number >= least)
    if not (low_enough and (most is None or number <= most)):
        default = field.metadata["unset"] or f"{field.default:g}"
        raise ScenarioError(f"{name} must be {' and '.join(bounds)}, got {number:g}; the default is {default}")
    return number


def from_table(kind: type, table: Any) -> Any:
    """A `kind` from a mapping; raises ScenarioError that names an unknown key and the nearest known one."""
    if not isinstance(table, Mapping):
        raise ScenarioError(f"a {kind.__name__.lower()} is a table of keys and values, got {table!r}")
    known = [field.name for field in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            near = nearest(key, known, most=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise ScenarioError(f"unknown key {key!r} in a {kind.__name__.lower()}; {hint}")
    missing = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.name not in table]
    if missing:
        raise ScenarioError(f"a {kind.__name__.lower()} needs {', '.join(missing)}, got {dict(table)!r}")
    return kind(**table)


def parse_time(value: str | date) -> datetime:
    """Aware UTC datetime of ISO 8601 text, or of a date or datetime; without an offset it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(re.sub(r"^(\d{4}-\d\d-\d\d)Z$", r"\1T00:00Z", value.strip()))
        except ValueError:
            raise ScenarioError(
                f"start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z, got {value!r}"
            ) from None
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise ScenarioError(f"start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z, got {value!r}")
        value = datetime(value.year, value.month, value.day)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ScenarioError(f"a time must lie within the years 1 to 9999 in UTC, got {value}") from None
