"""Rules of a record's fields: default, unit, help and bounds stand in one place and are checked at creation."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from numbers import Integral, Real
from typing import Any, get_args

from beep.base.errors import ScenarioError, unknown_name
from beep.base.text import quoted

_TIME_RULE = "start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z"


def number_of(name: str, value: Any) -> float:
    """Return a finite number as float; raises ScenarioError with `name` for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ScenarioError(f"{name} must be a number, got {quoted(value)}")
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
    """Return a dataclass field with its help text and rules.

    `above`, `least` and `most` bound a number. `unset` says what None or an empty value stands for. `needs` names the
    field that must be set for this one to have an effect. `read` converts what the user gave into the field's value.
    A `usual` field is shown in the short help.
    """
    bounds = {"above": above, "least": least, "most": most}
    metadata = {"group": group, "help": text, "unset": unset, "needs": needs, "read": read, "usual": usual, **bounds}
    return dataclasses.field(default=default, metadata=metadata)


def choices(field: "dataclasses.Field[Any]") -> tuple[str, ...]:
    """The words that a field allows; empty where it is not a choice between words."""
    return tuple(value for value in get_args(field.type) if isinstance(value, str))


def checked(field: "dataclasses.Field[Any]", value: Any) -> Any:
    """Return `value` as the field's type; raises ScenarioError with the rule and the default where it breaks a rule."""
    name, rule = field.name, field.metadata
    if value is None and field.default is None:
        return None
    if allowed := choices(field):
        if value not in allowed:
            raise unknown_name(f"{name} must be", value, allowed)
        return value
    if rule["read"] is not None:
        return rule["read"](value)
    if field.type is bool:
        if not isinstance(value, bool):
            raise ScenarioError(f"{name} must be true or false, got {quoted(value)}")
        return value
    if field.type is str or field.type == (str | None):
        if not isinstance(value, str):
            raise ScenarioError(f"{name} must be text, got {quoted(value)}; put it in quotes")
        return value
    number = number_of(name, value)
    if field.type in (int, int | None):
        if not isinstance(value, Integral):
            raise ScenarioError(
                f"{name} must be a whole number, got {quoted(value)}; the default is {rule['unset'] or field.default}"
            )
        number = int(value)
    above, least, most = rule["above"], rule["least"], rule["most"]
    bounds = [f"above {above:g}"] if above is not None else [f"{least:g} or more"] if least is not None else []
    bounds += [f"at most {most:g}"] if most is not None else []
    high_enough = (above is None or number > above) and (least is None or number >= least)
    if not high_enough or (most is not None and number > most):
        default = rule["unset"] or f"{field.default:g}"
        raise ScenarioError(f"{name} must be {' and '.join(bounds)}, got {number:g}; the default is {default}")
    return number


def from_table(kind: type, table: Any) -> Any:
    """Return a `kind` (a dataclass) from a mapping; raises ScenarioError for an unknown or a missing key."""
    title = kind.__name__.lower()
    if not isinstance(table, Mapping):
        raise ScenarioError(f"a {title} is a table of keys and values, got {quoted(table)}")
    known = {field.name: field.default for field in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            raise unknown_name(f"a key of a {title} must be", key, known)
    missing = [name for name, default in known.items() if default is dataclasses.MISSING and name not in table]
    if missing:
        raise ScenarioError(f"a {title} needs {', '.join(missing)}, got {quoted(dict(table))}")
    return kind(**table)


def parse_time(value: str | date) -> datetime:
    """Return ISO 8601 text, a date or a datetime as an aware datetime in UTC; without an offset it is taken as UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(re.sub(r"^(\d{4}-\d\d-\d\d)Z$", r"\1T00:00Z", value.strip()))
        except ValueError:
            raise ScenarioError(f"{_TIME_RULE}, got {quoted(value)}") from None
    if not isinstance(value, date):
        raise ScenarioError(f"{_TIME_RULE}, got {quoted(value)}")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ScenarioError(f"start must lie within the years 1 to 9999 in UTC, got {value}") from None
