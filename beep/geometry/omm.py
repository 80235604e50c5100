"""Orbit Mean-Elements Messages (OMM) as JSON, CSV or XML, read one by one, and what any element set must be.

References: CCSDS 502.0-B, Orbit Data Messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite, radians, tau

from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import TleError
from beep.base.text import quoted
from beep.geometry.elements import Elements

TYPE_CHECKING = False  # importing typing for this would take a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, TextIO

_LONGEST_RECORD = 20_000  # characters; an OMM in JSON has 1500
_LONGEST_NAME = 100
_ANGLES = ("INCLINATION", "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")
_LIMITS = dict.fromkeys(_ANGLES, (0.0, 360.0, "degrees")) | {
    "INCLINATION": (0.0, 180.0, "degrees"),
    "MEAN_MOTION": (0.01, 18.0, "revolutions a day"),  # a faster orbit lies below the ground
}
_OMM_NUMBERS = (*_LIMITS, "ECCENTRICITY")
_OMM_NEEDED = ("EPOCH", *_OMM_NUMBERS)
_OMM_FIXED = {"MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"), "REF_FRAME": ("TEME",), "TIME_SYSTEM": ("UTC",)}


@dataclass(frozen=True, kw_only=True)
class ElementSet:
    """Text of one satellite's elements, not yet checked."""

    text: str
    name: str  # empty where the text has none
    number: int  # in the catalogue; -1 where the text has none
    where: str  # place of an OMM in the whole text, for messages
    line: int = 0  # of a TLE's line 1 in the whole text, for messages

    def __post_init__(self) -> None:
        if len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            where = self.where or f"line {self.line}"
            rule = f"the name of a satellite is plain text of at most {_LONGEST_NAME} characters"
            raise TleError(f"{where}: {rule}, got {quoted(self.name)}; shorten it")


def json_sets(text: str, rest: TextIO) -> Iterator[ElementSet]:
    """Element sets of a JSON text that begins with `text`: one record, or a list of records, decoded one by one."""
    import json  # takes longer to import than the rest of this module, and few files need it

    decode, blanks = json.JSONDecoder().raw_decode, re.compile(r"\s*")
    several, number, trimmed = text.startswith("["), 0, False
    at = int(several)
    while True:
        if len(text) - at < _LONGEST_RECORD and (more := rest.read(10 * _LONGEST_RECORD)):
            done = at if number else 0
            text, at, trimmed = text[done:] + more, at - done, bool(done)
        at = blanks.match(text, at).end()  # type: ignore[union-attr]
        if several and text[at : at + 1] == "]":
            return
        number += 1
        try:
            record, at = decode(text, at)
        except json.JSONDecodeError as error:
            where = f"record {number}" if trimmed else f"line {error.lineno}, column {error.colno}"
            raise TleError(f"{where}: not JSON ({error.msg})") from None
        except (RecursionError, ValueError):
            raise TleError("not an OMM: the JSON is nested too deep, or a number in it too long") from None
        if not isinstance(record, dict):
            raise TleError(f"record {number}: an OMM is an object of keys and values, got {quoted(str(record))}")
        yield _omm_set(record, f"record {number}")
        at = blanks.match(text, at).end()  # type: ignore[union-attr]
        following = text[at : at + 1]
        if following not in (",", "]") if several else following:
            raise TleError(f"record {number}: not JSON (a comma or the end must follow, got {quoted(following)})")
        if not several:
            return
        at += following == ","


def csv_sets(lines: Iterable[tuple[int, str]]) -> Iterator[ElementSet]:
    """Element sets of a CSV text with a header."""
    import csv

    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for number, line in lines:
            numbers[:] = [number]
            yield line

    rows = csv.DictReader(texts())
    try:
        for row in rows:
            where = f"line {numbers[0]}"
            if None in row or None in row.values():
                raise TleError(f"{where}: a row has as many columns as the header, {len(rows.fieldnames or ())}")
            yield _omm_set(dict(row), where)
    except csv.Error as error:
        raise TleError(f"line {numbers[0]}: not CSV ({error})") from None


def xml_sets(text: str, rest: TextIO) -> Iterator[ElementSet]:
    """Element sets of an XML text that begins with `text`: each is a `segment`, read one by one."""
    from xml.etree import ElementTree

    parser: Any = ElementTree.XMLPullParser(("end",))
    fields: dict[str, str] = {}
    number, since_segment = 1, 0
    try:
        while text:
            parser.feed(text)
            since_segment += len(text)
            for _, element in parser.read_events():
                if element.text and element.text.strip():
                    fields[element.tag] = element.text
                if element.tag == "segment":
                    yield _omm_set(fields, f"segment {number}")
                    fields, number, since_segment = {}, number + 1, 0
                element.clear()
            if since_segment > 2 * _LONGEST_RECORD:
                raise TleError(f"segment {number}: an OMM has at most {_LONGEST_RECORD} characters, got more")
            text = rest.read(_LONGEST_RECORD)
        parser.close()
    except ElementTree.ParseError as error:
        line, column = error.position
        raise TleError(f"line {line}, column {column + 1}: not XML ({error})") from None
    except UnicodeEncodeError:
        raise TleError(f"segment {number}: not XML (half a character); copy it anew") from None


def _omm_set(record: dict[str, Any], where: str) -> ElementSet:
    import json

    if missing := [key for key in _OMM_NEEDED if key not in record]:
        raise TleError(f"{where}: an OMM needs {', '.join(missing)}")
    number = str(record.get("NORAD_CAT_ID", "")).strip()
    return ElementSet(
        text=json.dumps(record),
        name=str(record.get("OBJECT_NAME") or "").strip(),
        number=int(number) if number.isdecimal() and len(number) < 10 else -1,
        where=where,
    )


def omm_elements(chosen: ElementSet) -> Elements:
    """Elements of one OMM; raises TleError with the key of what is wrong."""
    import json

    record, where = json.loads(chosen.text), chosen.where
    missing = [key for key in _OMM_NEEDED if record.get(key) in (None, "")]
    if missing:
        raise TleError(f"{where}: an OMM needs {', '.join(missing)}")
    for key, allowed in _OMM_FIXED.items():
        if record.get(key) not in (None, "", *allowed):
            raise TleError(f"{where}, {key}: must be {allowed[0]}, got {quoted(str(record[key]))}")
    if str(record.get("EPHEMERIS_TYPE", "0")) == "4":
        raise TleError(f"{where}, EPHEMERIS_TYPE: the elements must be SGP4's, got 4 (SGP4-XP); ask for type 0")
    try:
        epoch = datetime.fromisoformat(str(record["EPOCH"]))
        epoch = epoch.replace(tzinfo=UTC) if epoch.tzinfo is None else epoch.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TleError(f"{where}, EPOCH: must be a time in ISO 8601, UTC, got {quoted(str(record['EPOCH']))}") from None
    if not 1957 <= epoch.year < 2157:
        raise TleError(f"{where}, EPOCH: must lie within the years 1957 to 2156, got {epoch.year}")
    values = {}
    for key in (*_OMM_NUMBERS, "BSTAR"):
        value = record.get(key, 0.0) or 0.0
        try:
            values[key] = float(value) if isinstance(value, str | int | float) else float("nan")
        except (ValueError, OverflowError):
            values[key] = float("nan")
        if isinstance(value, bool) or not isfinite(values[key]):
            raise TleError(f"{where}, {key}: must be a number, got {quoted(str(value))}")
    return limited(epoch, values, {key: f"{where}, {key}" for key in _OMM_NUMBERS})


def limited(epoch: datetime, values: Mapping[str, float], places: Mapping[str, str]) -> Elements:
    """Elements of numbers in degrees and revolutions a day; raises TleError for what no orbit can have."""
    for key, (least, most, unit) in _LIMITS.items():
        if not least <= values[key] <= most:
            words = key.lower().replace("_", " ")
            raise TleError(f"{places[key]}: the {words} must be {least:g} to {most:g} {unit}, got {values[key]:g}")
    eccentricity = values["ECCENTRICITY"]
    if not 0 <= eccentricity < 1:
        where = places["ECCENTRICITY"]
        raise TleError(f"{where}: the eccentricity must be 0 or more and below 1, got {eccentricity:g}")
    return Elements(
        epoch=epoch,
        inclination_rad=radians(values["INCLINATION"]),
        raan_rad=radians(values["RA_OF_ASC_NODE"]),
        eccentricity=eccentricity,
        argument_of_perigee_rad=radians(values["ARG_OF_PERICENTER"]),
        mean_anomaly_rad=radians(values["MEAN_ANOMALY"]),
        mean_motion_rad_s=values["MEAN_MOTION"] * tau / SECONDS_PER_DAY,
        bstar=values["BSTAR"],
    )
