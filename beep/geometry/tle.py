"""Element sets as text: two or three TLE lines, or an Orbit Mean-Elements Message (OMM) as JSON or CSV.

A file may hold many; `read_tle` picks one and hands back its text, which is what a recipe carries. Years 57 to 99 of a
TLE are 1957 to 1999, 00 to 56 are 2000 to 2056.

References: CelesTrak, "NORAD Two-Line Element Set Format" (the columns).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from beep.base.checks import nearest
from beep.base.errors import TleError
from beep.geometry.elements import Elements, ElementSet, limited

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

MOST_BYTES = 50_000_000  # of a file: all that flies takes 15 MB
NAMES_SHOWN = 5

# What stands in each column: D a digit, N a digit or blank, + a sign or blank, A a digit, letter or blank, * anything.
_LINES = (
    "1 ANNNN* ******** DDNND.DDDDDDDD +.NNNNNNNN +NNNNN+N +NNNNN+N N NNNND",
    "2 ANNNN NND.DDDD NND.DDDD NNNNNNN NND.DDDD NND.DDDD ND.DDDDDDDDNNNNND",
)
_WIDTH = len(_LINES[0])
_ALLOWED = {"D": "0123456789", "N": " 0123456789", "+": " +-", "A": " 0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"}
_WORDS = {"D": "a digit", "N": "a digit or a blank", "+": "a sign or a blank", "A": "a digit or a capital letter"}


def read_tle(path: str | Path, *, satellite: str | int | None = None) -> str:
    """Text of one element set of a file, for the scenario's field `tle`; "-" is stdin.

    `satellite` is a name, a part of a name that only one has, or a catalogue number; it may be left out where the
    file holds one set. Raises TleError, with file, line and column, where it cannot be read, found or used.
    """
    if str(path) == "-" and sys.stdin is None:
        raise TleError("stdin must be open to read a TLE from it, but it is closed; name a file")
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise TleError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; name a TLE file") from None
    name = "stdin" if str(path) == "-" else str(path)
    if len(data) > MOST_BYTES:
        raise TleError(f"a TLE file has at most {MOST_BYTES / 1e6:.0f} MB, {name} has more; leave a few satellites in")
    try:
        text = data.decode("utf-8-sig")
        if "\0" in text:
            raise ValueError
    except ValueError:
        raise TleError(f"a TLE file is text, but {name} is binary; name one with TLE lines or an OMM") from None
    try:
        chosen = _chosen(list(_sets(text)), satellite)
        _checked(chosen)
    except TleError as error:
        raise TleError(f"{name}: {error}") from None
    return chosen.text


def one_set(text: Any) -> str:
    """The text of one element set, checked and without what surrounds it; raises TleError where it is not one."""
    if not isinstance(text, str):
        raise TleError(f"tle must be the text of an element set, got {type(text).__name__}; put its lines in quotes")
    if "\n" not in text.strip() and not text.lstrip().startswith(("{", "[")):
        raise TleError(
            f"tle is the element set itself, two or three lines, got {text[:60]!r}; of a file: --tle FILE (read_tle)"
        )
    chosen = _chosen(list(_sets(text)), None)
    _checked(chosen)
    return chosen.text


def name_of(text: str) -> str:
    """What to call the satellite of one element set: its name, or else its catalogue number."""
    (found,) = _sets(text)
    return found.name or str(found.number)


@lru_cache
def elements_of(text: str) -> Elements:
    """Elements of one element set; raises TleError with line and column, or the OMM's key, of what is wrong."""
    (found,) = _sets(text)
    return _checked(found)


def _checked(found: ElementSet) -> Elements:
    if found.text.startswith("{"):
        from beep.geometry.omm import omm_elements  # with json and csv, which most need not wait for

        return omm_elements(found)
    return _tle_elements(*found.text.splitlines()[-2:], first=found.line)


def _chosen(sets: list[ElementSet], satellite: str | int | None) -> ElementSet:
    if not sets:
        raise TleError(
            "no element set is there; a TLE has two lines that begin with 1 and 2, an OMM keys such as MEAN_MOTION"
        )
    found = sets
    if satellite is not None:
        wanted = str(satellite).strip().casefold()
        found = [one for one in sets if wanted in (one.name.casefold(), str(one.number))]
        found = found or [one for one in sets if wanted and wanted in one.name.casefold()]
        if not found:
            names = [one.name or str(one.number) for one in sets]
            near = nearest(str(satellite).upper(), names, most=3)
            hint = f"near it: {', '.join(near)}" if near else f"there are {_listed(names)}"
            raise TleError(f"no satellite is called or numbered {str(satellite)!r}; {hint}")
    if len(found) > 1:
        names = [f"{one.name} ({one.number})" if one.name else str(one.number) for one in found]
        raise TleError(f"one element set is needed, got {_listed(names)}; choose with --satellite NAME or NUMBER")
    return found[0]


def _listed(names: list[str]) -> str:
    rest = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _sets(text: str) -> Iterator[ElementSet]:
    """The element sets of a text in any of the formats, told apart but not yet checked."""
    text = text.strip()
    if text.startswith("<"):
        raise TleError("an OMM is read as JSON or CSV, got XML; ask your source for one of these")
    if text.startswith(("{", "[")):
        from beep.geometry.omm import json_sets

        return json_sets(text)
    if "MEAN_MOTION" in text.partition("\n")[0]:
        from beep.geometry.omm import csv_sets

        return csv_sets(text)
    return _tle_sets(text)


def _tle_sets(text: str) -> Iterator[ElementSet]:
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    name, at = "", 0
    while at < len(lines):
        (number, line), after = lines[at], lines[at + 1][1] if at + 1 < len(lines) else ""
        if not line.isprintable():
            column = next(c for c, character in enumerate(line, 1) if not character.isprintable())
            raise TleError(
                f"line {number}, column {column}: a TLE is plain text, got {line[column - 1]!r}; copy it anew"
            )
        if line.startswith("1 ") and after.startswith("2 "):
            body = f"{line}\n{after}"
            yield ElementSet(
                text=f"{name}\n{body}" if name else body,
                name=name,
                number=_number(line[2:7]),
                where=f"line {number}",
                line=number,
            )
            name, at = "", at + 2
            continue
        if line.startswith("2 "):
            swapped = "the two are swapped; put them in order" if after.startswith("1 ") else "its line 1 is missing"
            raise TleError(f"line {number}: a TLE's line 2 follows its line 1, but it comes first: {swapped}")
        if line.startswith("1 "):
            raise TleError(f"line {number}: a TLE has two lines, but no line 2 follows this line 1; add it")
        if name or not after.startswith(("1 ", "2 ")):
            raise TleError(
                f"line {number}: a line of a TLE begins with 1 or 2, and above them may stand a name, got {line[:40]!r}"
            )
        name, at = line.removeprefix("0 ").strip(), at + 1


def _number(text: str) -> int:
    """Catalogue number of five characters; the first may be a letter, which counts from A = 10, without I and O."""
    text = text.replace(" ", "0")
    head = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ".find(text[:1])
    return head * 10_000 + int(text[1:]) if text[1:].isdecimal() and head >= 0 else -1


def _tle_elements(line_1: str, line_2: str, *, first: int) -> Elements:
    """Elements of two lines of which the upper is line `first` of what the user gave."""
    for number, (line, form) in enumerate(zip((line_1, line_2), _LINES, strict=True), first):
        _check_line(line, form, number)
    if line_1[2:7] != line_2[2:7]:
        raise TleError(
            f"line {first + 1}, columns 3-7: both lines belong to one satellite, got {line_1[2:7]} in line 1 and "
            f"{line_2[2:7]} in line 2; the lines of two sets are mixed up"
        )
    if line_1[62] == "4":
        raise TleError(f"line {first}, column 63: the elements must be SGP4's, got type 4 (SGP4-XP); ask for type 0")
    year = int(line_1[18:20])
    year += 2000 if year < 57 else 1900
    days = float(line_1[20:32])
    if not 1 <= days < 367:
        raise TleError(f"line {first}, columns 21-32: the day of the year must be 1 to 367, got {days:g}")
    steps = round((days - 1) * 1e8)  # exact: the last digit of a TLE's epoch is 864 microseconds
    values = {
        "INCLINATION": line_2[8:16],
        "RA_OF_ASC_NODE": line_2[17:25],
        "ECCENTRICITY": "0." + line_2[26:33].replace(" ", "0"),
        "ARG_OF_PERICENTER": line_2[34:42],
        "MEAN_ANOMALY": line_2[43:51],
        "MEAN_MOTION": line_2[52:63],
        "BSTAR": _power(line_1[53:61]),
    }
    columns = {
        "INCLINATION": "columns 9-16",
        "RA_OF_ASC_NODE": "columns 18-25",
        "ARG_OF_PERICENTER": "columns 35-42",
        "MEAN_ANOMALY": "columns 44-51",
        "MEAN_MOTION": "columns 53-63",
    }
    return limited(
        datetime(year, 1, 1, tzinfo=UTC) + timedelta(microseconds=steps * 864),
        {key: float(value) for key, value in values.items()},
        {key: f"line {first + 1}, {place}" for key, place in columns.items()},
    )


def _power(text: str) -> str:
    """Number text of a TLE's `+NNNNN+N`: five digits after the point, and a power of ten."""
    sign, digits, exponent = text[0].strip(), text[1:6].replace(" ", "0"), text[6:8].replace(" ", "")
    return f"{sign}0.{digits}e{exponent if exponent.lstrip('+-') else '0'}"


def _check_line(line: str, form: str, number: int) -> None:
    """Raise TleError at the first column of a TLE line that is not as its form says, or where its sum is wrong."""
    if len(line) < _WIDTH:
        raise TleError(
            f"line {number}, column {len(line) + 1}: a TLE line has {_WIDTH} columns, but this one ends here: "
            f"it is truncated; copy it whole"
        )
    if len(line) > _WIDTH:
        raise TleError(
            f"line {number}, column {_WIDTH + 1}: a TLE line has {_WIDTH} columns, but {line[_WIDTH:][:20]!r} follows"
        )
    for column, (character, rule) in enumerate(zip(line, form, strict=True), 1):
        if rule != "*" and character not in _ALLOWED.get(rule, rule):
            wanted = _WORDS.get(rule, "a blank" if rule == " " else repr(rule))
            raise TleError(f"line {number}, column {column}: {wanted} must stand here, got {character!r}; copy it anew")
    total = sum(int(c) if c.isdecimal() else c == "-" for c in line[: _WIDTH - 1]) % 10
    if int(line[-1]) != total:
        raise TleError(
            f"line {number}, column {_WIDTH}: the checksum of this line is {total}, got {line[-1]}; a digit was "
            f"changed or lost, copy it anew"
        )
