"""Tables of times and frequencies, such as a class reads by hand from a receiver, as tones of a fit."""

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from beep.base.errors import FitError
from beep.base.text import quoted, read_text
from beep.fitting.solve import Tones

SECONDS_NAMES = ("t_s", "time_s", "seconds", "second", "sec", "s", "t")
TIME_NAMES = ("time", "utc", "time_utc", "utc_time", "datetime", "timestamp", "date_time")
FREQUENCY_NAMES = ("f", "freq", "frequency", "tone", "tone_frequency")
ERROR_NAMES = ("sd", "error", "sigma", "uncertainty", "tone_sd", "f_sd", "frequency_sd", "freq_sd")
UNITS_HZ = {"_hz": 1.0, "_khz": 1e3, "_mhz": 1e6, "": 1.0}  # of the ends of names
LEAST_RADIO_HZ = 1e6  # above it the column holds the received frequency itself, below it a tone
DAY_S = 86_400.0
_LEAST_ERROR_HZ, _LARGEST = 1e-6, 1e12  # beyond, squares are too large for a float
_MOST_BYTES = 1_000_000  # of a file; a row each second for six hours takes half of it
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(?:Z|UTC)?")


def read_tones(path: str | Path, *, carrier_hz: float | None = None) -> Tones:
    """Return the tones of a table of times and frequencies, in order of its lines.

    The table is text with commas, semicolons or tabs between its columns, a decimal point, and a first line of names:
    t_s, time_s or seconds for seconds, time or utc for seconds, ISO 8601 or hours:minutes:seconds; f_hz,
    frequency_hz, frequency_khz, frequency_mhz or tone_hz; and, if known, sd_hz. Lines that begin with # are skipped.
    Times of day are counted from the first line, dates as UTC. Without sd_hz the errors are nan: a fit estimates them.

    `carrier_hz` is the carrier's frequency; without it, frequencies above 1 MHz are those received and their median is
    taken. Raises FitError with the number of the line for what cannot be read.
    """
    try:
        text = read_text(path, most_bytes=_MOST_BYTES)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FitError(f"cannot read {path}: {reason}; give a table with times and frequencies") from error
    lines = _lines(text)
    first = next(lines, None)
    if first is None:
        raise FitError(f"{path} must have a line of names and lines of numbers, got nothing; write t_s,f_hz first")
    names = [_plain(name) for name in first[1]]
    where = f"{path}, line {first[0]}"
    when = next((names.index(name) for name in (*SECONDS_NAMES, *TIME_NAMES) if name in names), None)
    frequency, error_column = _with_unit(names, FREQUENCY_NAMES), _with_unit(names, ERROR_NAMES)
    if when is None or frequency is None:
        missing = "a time, t_s or utc" if when is None else "a frequency, f_hz or frequency_mhz"
        raise FitError(f"{where} must name {missing}, got {quoted(', '.join(first[1]))}; name the columns there")
    times: list[float | datetime] = []
    tones_hz, errors_hz = [], []
    last = max(when, frequency[0], error_column[0] if error_column else 0)
    for number, cells in lines:
        where = f"{path}, line {number}"
        if len(cells) <= last:
            raise FitError(f"{where} must have {last + 1} columns or more, got {len(cells)}; complete it")
        times.append(_time(cells[when], where, seconds=names[when] in SECONDS_NAMES))
        tones_hz.append(_number(cells[frequency[0]], where) * frequency[1])
        if error_column:
            errors_hz.append(_number(cells[error_column[0]], where) * error_column[1])
            if errors_hz[-1] < _LEAST_ERROR_HZ:
                cell = quoted(cells[error_column[0]])
                raise FitError(f"{where} must have an error of {_LEAST_ERROR_HZ:g} Hz or more, got {cell}; correct it")
    if len({isinstance(time, datetime) for time in times}) > 1:
        raise FitError(f"{path} must have times of one kind, got seconds and dates; write all as seconds")
    t_s, epoch = _seconds(times)
    tone_hz = np.array(tones_hz)
    if carrier_hz is None:
        carrier_hz = float(np.median(tone_hz)) if tone_hz.size else 0.0
        if carrier_hz < LEAST_RADIO_HZ:
            raise FitError(
                f"the frequencies of {path} are tones, so a fit needs the frequency of the carrier; "
                f"give it: --carrier-mhz 20.005, carrier_hz=20.005e6"
            )
    return Tones(
        frequency_hz=carrier_hz,
        t_s=t_s,
        tone_hz=tone_hz,
        sd_hz=np.array(errors_hz) if error_column else np.full(tone_hz.size, np.nan),
        epoch=epoch,
    )


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty and not a comment."""
    head = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=head.count)
    reader = csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True)
    for cells in reader:
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
            yield reader.line_num, [cell.strip() for cell in cells]


def _plain(name: str) -> str:
    """Name of a column in lower case, with underscores: "Frequency (MHz)" is "frequency_mhz"."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _with_unit(names: list[str], known: tuple[str, ...]) -> tuple[int, float] | None:
    """Return the number of a column with one of the known names, and its unit in Hz."""
    for name in known:
        for ending, unit_hz in UNITS_HZ.items():
            if name + ending in names:
                return names.index(name + ending), unit_hz
    return None


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= _LARGEST:
        raise FitError(
            f"{where} must have a number with a decimal point, at most {_LARGEST:g}, got {quoted(text)}; correct it"
        )
    return value


def _time(text: str, where: str, *, seconds: bool) -> float | datetime:
    """Seconds, also of a time of day, or a date and time."""
    if seconds:
        return _number(text, where)
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest_s = clock.groups()
        return int(hours) * 3600.0 + int(minutes) * 60.0 + float(rest_s or 0)
    with suppress(ValueError):
        float(text)
        return _number(text, where)
    try:
        when = datetime.fromisoformat(text.removesuffix("UTC").strip())
    except ValueError as error:
        raise FitError(
            f"{where} must have a time in seconds, hh:mm:ss or ISO 8601, got {quoted(text)}; correct it"
        ) from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _seconds(times: list[float | datetime]) -> tuple[np.ndarray, datetime | None]:
    """Seconds (N,), and the date of their zero where it is known. A time of day far below the one before is later."""
    if times and isinstance(times[0], datetime):
        first = times[0]
        return np.array([(time - first) / timedelta(seconds=1) for time in times if isinstance(time, datetime)]), first
    t_s = np.array([time for time in times if isinstance(time, float)])
    t_s[1:] += DAY_S * np.cumsum(np.diff(t_s) < -DAY_S / 2)
    return t_s, None
