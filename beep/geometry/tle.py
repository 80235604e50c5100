"""Element sets as text: two or three TLE lines, or an Orbit Mean-Elements Message (OMM) as JSON, CSV or XML.

A file may hold many; `read_tle` selects one and returns its text, which a scenario stores. Years 57 to 99 of a TLE are
1957 to 1999, 00 to 56 are 2000 to 2056. Python-sgp4's own readers do not refuse what is wrong: a false checksum, a
truncated line and a letter among digits all give an orbit. So the text is checked and read here.

References: CelesTrak, "NORAD Two-Line Element Set Format" (the columns); CCSDS 502.0-B, Orbit Data Messages.
"""

from __future__ import annotations

import io
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, pairwise

from beep.base.errors import TleError, listed, unknown_name
from beep.base.text import quoted
from beep.geometry.elements import Elements
from beep.geometry.omm import ElementSet, csv_sets, json_sets, limited, omm_elements, xml_sets

TYPE_CHECKING = False  # importing typing for this would take a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import Any, TextIO

# A file is read piece by piece, so that its length needs no limit. Space-Track's catalogue has 30,000 satellites.
_MOST_SETS, _MOST_LINES = 100_000, 300_000
_LONGEST_LINE = 4000  # characters

# What stands in each column: D a digit, N a digit or blank, + a sign or blank, A a digit, letter or blank, * anything.
_LINES = (
    "1 ANNNN* ******** DDNND.DDDDDDDD +.NNNNNNNN +NNNNN+N +NNNNN+N N NNNND",
    "2 ANNNN NND.DDDD NND.DDDD NNNNNNN NND.DDDD NND.DDDD ND.DDDDDDDDNNNNND",
)
_WIDTH = len(_LINES[0])
_ALLOWED = {"D": "0123456789", "N": " 0123456789", "+": " +-", "A": " 0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"}
_WORDS = {"D": "a digit", "N": "a digit or a blank", "+": "a sign or a blank", "A": "a digit or a capital letter"}
_COLUMNS = {  # of line 2, counted from 1
    "INCLINATION": (9, 16),
    "RA_OF_ASC_NODE": (18, 25),
    "ARG_OF_PERICENTER": (35, 42),
    "MEAN_ANOMALY": (44, 51),
    "MEAN_MOTION": (53, 63),
}


def read_tle(path: str | Path, *, satellite: str | int | None = None) -> str:
    """Return the text of one element set of a file, for the scenario's field `tle`; "-" is stdin.

    `satellite` is a name, a part of a name that only one has, or a catalogue number. It may be left out where the file
    holds one set. Raises TleError, with file, line and column, where the set cannot be read, found or used.
    """
    text: str = _read(path, lambda text: _checked_text(text, satellite))
    return text


def read_tles(path: str | Path) -> tuple[str, ...]:
    """Return the texts of all element sets of a file, each checked; raises TleError as `read_tle` does."""

    def read(text: TextIO) -> tuple[str, ...]:
        sets = tuple(islice(_sets(text), _MOST_SETS + 1))
        if not 1 <= len(sets) <= _MOST_SETS:
            raise TleError(f"a file must have 1 to {_MOST_SETS} element sets, got {len(sets) or 'none'}")
        for element_set in sets:
            _elements(element_set)
        return tuple(element_set.text for element_set in sets)

    texts: tuple[str, ...] = _read(path, read)
    return texts


def _read(path: str | Path, read: Callable[[TextIO], Any]) -> Any:
    """Return what a function reads from the text of a file; "-" is stdin. Raises TleError."""
    name = "stdin" if str(path) == "-" else str(path)
    if name == "stdin" and sys.stdin is None:
        raise TleError("stdin must be open to read a TLE from it, but it is closed; name a file")
    try:
        with nullcontext(sys.stdin.buffer) if name == "stdin" else open(path, "rb") as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig")
            try:
                return read(text)
            finally:
                text.detach()  # or it would close stdin
    except TleError as error:
        raise TleError(f"{name}: {error}") from None
    except UnicodeDecodeError:
        raise TleError(f"a TLE file is text, but {name} is binary; name one with TLE lines or an OMM") from None
    except (OSError, ValueError) as error:
        raise TleError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; name a TLE file") from None


def element_set(text: Any) -> str:
    """Return the text of the only element set in a text, checked; raises TleError where it is not one."""
    if not isinstance(text, str):
        raise TleError(f"tle must be the text of an element set, got {type(text).__name__}; put its lines in quotes")
    if "\n" not in text.strip() and not text.lstrip().startswith(("{", "[", "<")):
        rule = "tle must be the element set itself, two or three lines"
        raise TleError(f"{rule}, got {quoted(text)}; read_tle reads it from a file")
    return _checked_text(io.StringIO(text, newline=None), None)


def satellite_name(text: str) -> str:
    """Name of the satellite of one element set, or its catalogue number where the set has no name."""
    (only,) = _sets(io.StringIO(text))
    return only.name or str(only.number)


@lru_cache
def elements_of(text: str) -> Elements:
    """Elements of one element set; raises TleError with line and column of an error, or with the OMM's key."""
    (only,) = _sets(io.StringIO(text))
    return _elements(only)


def _checked_text(text: TextIO, satellite: str | int | None) -> str:
    chosen = _chosen(_sets(text), satellite)
    _elements(chosen)
    return chosen.text


def _elements(chosen: ElementSet) -> Elements:
    if chosen.text.startswith("{"):
        return omm_elements(chosen)
    return _tle_elements(*chosen.text.splitlines()[-2:], first=chosen.line)


def _chosen(sets: Iterator[ElementSet], satellite: str | int | None) -> ElementSet:
    """Return the only set, or the only one that is called so; of all others no more than the name is kept."""
    wanted = None if satellite is None else str(satellite).strip().casefold()
    names: list[str] = []
    matching: dict[bool, tuple[ElementSet, list[str]]] = {}  # by whether the whole name or number is the wanted one
    for candidate in sets:
        if len(names) == _MOST_SETS:
            raise TleError(f"a file has at most {_MOST_SETS} element sets, got more; keep a few satellites")
        names.append(candidate.name or str(candidate.number))
        name, number = candidate.name.casefold(), str(candidate.number)
        whole = wanted is None or wanted in (name, number)
        if whole or (wanted and wanted in name):
            matching.setdefault(whole, (candidate, []))[1].append(f"{candidate.name} ({number})".lstrip())
    if not names:
        raise TleError("no element set is there; a TLE has lines that begin with 1 and 2, an OMM keys like MEAN_MOTION")
    if not matching:
        raise unknown_name("satellite must be", satellite, names, error=TleError)
    first, labels = matching.get(True) or matching[False]
    if len(labels) > 1:
        raise TleError(f"one element set is needed, got {listed(labels)}; choose one, like satellite={first.number}")
    return first


def _sets(text: TextIO) -> Iterator[ElementSet]:
    """Element sets of a text in any of the formats, separated but not yet checked."""
    lines = enumerate(iter(lambda: text.readline(_LONGEST_LINE), ""), 1)
    number, first = next(((number, line) for number, line in lines if number > _MOST_LINES or line.strip()), (0, ""))
    if "\0" in first:
        raise TleError(f"line {number}: element sets are text, but this is binary; name TLE lines or an OMM")
    first = first.lstrip()
    if first.startswith("<"):
        return xml_sets(first, text)
    if first.startswith(("{", "[")):
        return json_sets(first, text)
    checked = _checked_lines(chain([(number, first)], lines))
    return csv_sets(checked) if "MEAN_MOTION" in first else _tle_sets(checked)


def _checked_lines(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Number and text of each line, without blanks around it. Raises TleError where there are too many or too long."""
    for number, line in lines:
        if len(line) == _LONGEST_LINE:
            raise TleError(f"line {number}: a line has less than {_LONGEST_LINE} characters, got more; copy it anew")
        if number > _MOST_LINES:
            raise TleError(f"a file of element sets has at most {_MOST_LINES} lines, got more; keep a few satellites")
        yield number, line.strip()


def _tle_sets(numbered: Iterable[tuple[int, str]]) -> Iterator[ElementSet]:
    lines = ((number, line) for number, line in numbered if line and not line.startswith("#"))
    name, line_1, at = "", "", 0
    for (number, line), (_, after) in pairwise(chain(lines, [(0, "")])):
        if not line.isprintable():
            column, character = next((c, letter) for c, letter in enumerate(line, 1) if not letter.isprintable())
            raise TleError(f"line {number}, column {column}: a TLE is plain text, got {character!r}; copy it anew")
        if line_1:
            body = f"{name}\n{line_1}\n{line}".lstrip("\n")
            yield ElementSet(text=body, name=name, number=_number(line_1[2:7]), where="", line=at)
            name, line_1 = "", ""
        elif line.startswith("1 ") and after.startswith("2 "):
            line_1, at = line, number
        elif line.startswith("2 "):
            swapped = "the two are swapped; put them in order" if after.startswith("1 ") else "its line 1 is missing"
            raise TleError(f"line {number}: a TLE's line 2 follows its line 1, but it comes first: {swapped}")
        elif line.startswith("1 "):
            raise TleError(f"line {number}: a TLE has two lines, but no line 2 follows this line 1; add it")
        elif name or not after.startswith(("1 ", "2 ")):
            rule = "a line of a TLE begins with 1 or 2, and above them may stand a name"
            raise TleError(f"line {number}: {rule}, got {quoted(line)}")
        else:
            name = line.removeprefix("0 ").strip()


def _number(text: str) -> int:
    """Catalogue number of five characters; the first may be a letter (alpha-5): A = 10, B = 11, without I and O."""
    text = text.replace(" ", "0")
    head = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ".find(text[:1])
    return head * 10_000 + int(text[1:]) if text[1:].isdecimal() and head >= 0 else -1


def _tle_elements(line_1: str, line_2: str, *, first: int) -> Elements:
    """Elements of two lines; the upper one is line `first` of the user's text."""
    for number, (line, form) in enumerate(zip((line_1, line_2), _LINES, strict=True), first):
        _check_line(line, form, number)
    if line_1[2:7] != line_2[2:7]:
        both = f"{line_1[2:7]} in line 1 and {line_2[2:7]} in line 2"
        raise TleError(f"line {first + 1}, columns 3-7: both lines belong to one satellite, got {both}; take one set")
    if line_1[62] == "4":
        raise TleError(f"line {first}, column 63: the elements must be SGP4's, got type 4 (SGP4-XP); ask for type 0")
    year, days = int(line_1[18:20]), float(line_1[20:32].replace(" ", "0"))
    if not 1 <= days < 367:
        raise TleError(f"line {first}, columns 21-32: the day of the year must be 1 to 367, got {days:g}")
    year_start = datetime(year + (2000 if year < 57 else 1900), 1, 1, tzinfo=UTC)
    steps = round((days - 1) * 1e8)  # exact: the last digit of a TLE's epoch is 864 microseconds
    values = {name: float(line_2[low - 1 : high].replace(" ", "0")) for name, (low, high) in _COLUMNS.items()}
    values["ECCENTRICITY"] = float("0." + line_2[26:33].replace(" ", "0"))
    values["BSTAR"] = _power(line_1[53:61])
    places = {name: f"line {first + 1}, columns {low}-{high}" for name, (low, high) in _COLUMNS.items()}
    return limited(year_start + timedelta(microseconds=steps * 864), values, places)


def _power(text: str) -> float:
    """Value of a TLE's `+NNNNN+N`: five digits after the decimal point, and a power of ten."""
    sign, digits, exponent = text[0].strip(), text[1:6].replace(" ", "0"), text[6:8].replace(" ", "")
    return float(f"{sign}0.{digits}e{exponent if exponent.lstrip('+-') else '0'}")


def _check_line(line: str, form: str, number: int) -> None:
    """Raise TleError at the first wrong column of a TLE line, or where its checksum is wrong."""
    if len(line) < _WIDTH:
        end = f"line {number}, column {len(line) + 1}"
        raise TleError(f"{end}: a TLE line has {_WIDTH} columns, but this one is truncated here; copy it whole")
    if len(line) > _WIDTH:
        after = line[_WIDTH:][:20]
        raise TleError(
            f"line {number}, column {_WIDTH + 1}: a TLE line has {_WIDTH} columns, but {quoted(after)} follows"
        )
    for column, (character, rule) in enumerate(zip(line, form, strict=True), 1):
        if rule != "*" and character not in _ALLOWED.get(rule, rule):
            wanted = _WORDS.get(rule, "a blank" if rule == " " else repr(rule))
            raise TleError(f"line {number}, column {column}: {wanted} must stand here, got {character!r}; copy it anew")
    total = sum(int(c) if c.isdecimal() else c == "-" for c in line[: _WIDTH - 1]) % 10
    if int(line[-1]) != total:
        where = f"line {number}, column {_WIDTH}"
        raise TleError(f"{where}: the checksum of this line is {total}, got {line[-1]}; a digit is wrong, copy it anew")
