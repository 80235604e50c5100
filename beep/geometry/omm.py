"""Orbit Mean-Elements Messages (OMM) as JSON or CSV.

References: CCSDS 502.0-B, Orbit Data Messages.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from math import isfinite

from beep.base.errors import TleError
from beep.geometry.elements import Elements, ElementSet, limited

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

REQUIRED = (  # keys of an OMM
    "EPOCH",
    "MEAN_MOTION",
    "ECCENTRICITY",
    "INCLINATION",
    "RA_OF_ASC_NODE",
    "ARG_OF_PERICENTER",
    "MEAN_ANOMALY",
)
FIXED = {"MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"), "REF_FRAME": ("TEME",), "TIME_SYSTEM": ("UTC",)}


def json_sets(text: str) -> Iterator[ElementSet]:
    """The element sets of a JSON text, one record or a list of them, not yet checked."""
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise TleError(f"line {error.lineno}, column {error.colno}: not JSON ({error.msg})") from None
    except (RecursionError, ValueError):
        raise TleError("not an OMM: the JSON is nested too deep, or a number in it too long") from None
    if isinstance(records, dict):
        records = [records]
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise TleError(f"record {number}: an OMM is an object of keys and values, got {str(record)[:40]!r}")
        yield _omm_set(record, f"record {number}")


def csv_sets(text: str) -> Iterator[ElementSet]:
    """The element sets of a CSV text with a header, not yet checked."""
    rows = csv.DictReader(text.splitlines())
    try:
        for row in rows:
            where = f"line {rows.line_num}"
            if None in row or None in row.values():
                raise TleError(f"{where}: a row has as many columns as the header, {len(rows.fieldnames or ())}")
            yield _omm_set(dict(row), where)
    except csv.Error as error:
        raise TleError(f"line {rows.line_num}: not CSV ({error})") from None


def _omm_set(record: dict[str, Any], where: str) -> ElementSet:
    number = str(record.get("NORAD_CAT_ID", "")).strip()
    return ElementSet(
        text=json.dumps(record),
        name=str(record.get("OBJECT_NAME") or "").strip(),
        number=int(number) if number.isdecimal() and len(number) < 10 else -1,
        where=where,
    )


def omm_elements(found: ElementSet) -> Elements:
    """Elements of one message; raises TleError that names the key of what is wrong."""
    record, where = json.loads(found.text), found.where
    missing = [key for key in REQUIRED if record.get(key) in (None, "")]
    if missing:
        raise TleError(f"{where}: an OMM needs {', '.join(missing)}")
    for key, allowed in FIXED.items():
        if record.get(key) not in (None, "", *allowed):
            raise TleError(f"{where}, {key}: must be {allowed[0]}, got {str(record[key])[:40]!r}")
    if str(record.get("EPHEMERIS_TYPE", "0")) == "4":
        raise TleError(f"{where}, EPHEMERIS_TYPE: the elements must be SGP4's, got 4 (SGP4-XP); ask for type 0")
    try:
        epoch = datetime.fromisoformat(str(record["EPOCH"]))
        epoch = epoch.replace(tzinfo=UTC) if epoch.tzinfo is None else epoch.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TleError(f"{where}, EPOCH: must be a time in ISO 8601, UTC, got {str(record['EPOCH'])[:40]!r}") from None
    if not 1957 <= epoch.year < 2157:
        raise TleError(f"{where}, EPOCH: must lie within the years 1957 to 2156, got {epoch.year}")
    values = {}
    for key in (*REQUIRED[1:], "BSTAR"):
        value = record.get(key, 0.0) or 0.0
        try:
            values[key] = float(value) if isinstance(value, str | int | float) else float("nan")
        except (ValueError, OverflowError):
            values[key] = float("nan")
        if isinstance(value, bool) or not isfinite(values[key]):
            raise TleError(f"{where}, {key}: must be a number, got {str(value)[:40]!r}")
    return limited(epoch, values, {key: f"{where}, {key}" for key in REQUIRED})
