"""Rules of a record's fields: default, unit, help and bounds stand in one place and are checked at creation."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from numbers import Integral, Real
from typing import Any, get_args

from beep.base.errors import ScenarioError, unknown_name
from beep.base.text import quoted

UNITS = {  # by the ending of a field's name
    "hz_s": "Hz/s",  # before s
    "s": "s",
    "ms": "ms",
    "km": "km",
    "deg": "degrees",
    "hz": "Hz",
    "mhz": "MHz",
    "rpm": "rpm",
    "db": "dB",
    "dbfs": "dBFS",
    "percent": "percent",
}
_PREFIXES = {"k": 1e3, "m": 1e6}  # of a number in Hz
_CLOCK = re.compile(r"(-?)(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9}\.?\d*)")
_MOST_TYPED_S = 60.0  # greatest bound of a length for which milliseconds may have been typed
_TIME_RULE = "start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z, or now, today or tomorrow"


def unit_of(name: str) -> str:
    """Return the unit that the ending of a field's name stands for, or an empty text."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(f"_{ending}")), "")


def read_number(name: str, text: str, kind: type = float) -> Any:
    """Return the number that a text gives for a field, as `kind`: float or int.

    The field's unit may follow the number. A number in Hz may have the prefix k or M (`48k`, `44.1 kHz`), a time in
    seconds may be minutes:seconds or hours:minutes:seconds (`1:30`). Raises ScenarioError for any other text.
    """
    unit, typed = unit_of(name), text.strip()
    if kind is int:
        with suppress(ValueError):
            return int(typed)  # exact, however long
    clock = _CLOCK.fullmatch(typed)
    if unit == "s" and clock:
        seconds = float(clock[2] or 0) * 3600 + float(clock[3]) * 60 + float(clock[4])
        return -seconds if clock[1] else seconds
    bare = typed.lower().removesuffix(unit.lower()).rstrip()
    factor = _PREFIXES.get(bare[-1:], 1.0) if unit == "Hz" else 1.0
    try:
        number = float(bare) if factor == 1.0 else round(float(bare[:-1]) * factor, 6)
    except ValueError:
        hint = f"; did you mean {typed.replace(',', '.')}?" if re.fullmatch(r"[-+]?\d+,\d+", typed) else ""
        raise ScenarioError(f"{name} must be a number, got {quoted(text)}{hint}") from None
    if kind is not int:
        return number
    if not number.is_integer():
        raise ScenarioError(f"{name} must be a whole number, got {quoted(text)}")
    return int(number)


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


def number_type(field: "dataclasses.Field[Any]") -> type | None:
    """Return int or float where the field is such a number, or None in place of it; else None."""
    return next((kind for kind in (int, float) if field.type in (kind, kind | None)), None)


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
    if isinstance(value, str):
        value = read_number(name, value, number_type(field) or float)
    number = number_of(name, value)
    if number_type(field) is int:
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
        hint = f"the default is {rule['unset'] or f'{field.default:g}'}"
        if high_enough and unit_of(name) == "s" and most <= _MOST_TYPED_S and number / 1e3 <= most:
            hint = f"it is in seconds: did you mean {number / 1e3:g}?"
        raise ScenarioError(f"{name} must be {' and '.join(bounds)}, got {number:g}; {hint}")
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
    """Return a time as an aware datetime in UTC; without an offset it is taken as UTC.

    `value` is ISO 8601 text, also with UTC at the end, a date, a datetime, or now, today or tomorrow (at 0 h UTC).
    Raises ScenarioError for anything else.
    """
    if isinstance(value, str):
        now, word = datetime.now(UTC).replace(microsecond=0), value.strip().lower()
        day = now.replace(hour=0, minute=0, second=0)
        named = {"now": now, "today": day, "tomorrow": day + timedelta(days=1)}
        try:
            value = named.get(word) or datetime.fromisoformat(_iso(value.strip()))
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


def names_zone(text: str) -> bool:
    """Return whether a text that `parse_time` takes says which time zone it is in, or needs none."""
    return re.search(r"(z|utc|[-+]\d\d(:?\d\d)+|now|today|tomorrow)$", text.strip().lower()) is not None


def _iso(text: str) -> str:
    """Return a typed time in ISO 8601, with two digits for the hour, and a time of day before a zone."""
    text = re.sub(r"\s*(Z|UTC)$", "+00:00", text, flags=re.IGNORECASE)
    text = re.sub(r"^(\d{4}-\d\d-\d\d)(?=\+)", r"\1T00:00", text)
    return re.sub(r"[ tT](?=\d:)", "T0", text)
