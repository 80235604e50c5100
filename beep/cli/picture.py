"""What a large terminal shows while `beep play` plays: waterfall, Doppler curve, bar of the pass, all in characters."""

from collections import deque
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.output.player import Player
from beep.stream.reception import Reception, doppler_hz
from beep.stream.words import minutes, title

LEAST_COLUMNS, LEAST_LINES = 100, 30  # of a terminal with a picture
SHADES = " \N{LIGHT SHADE}\N{MEDIUM SHADE}\N{DARK SHADE}\N{FULL BLOCK}"
PREDICTION = "\N{BOX DRAWINGS LIGHT VERTICAL}"
HERE = "\N{BLACK CIRCLE}"
SPECTRUM_S = 0.085  # of sound in one row of the waterfall, for lines of 12 Hz
DARKEST_DB, STEP_DB = 6.0, 6.0  # above the median of a row: the first shade, and from one shade to the next
RANGE_DB = 36.0  # of a row without noise
LABEL = 8  # columns to the left of a panel
CURVE_POINTS = 200  # of the Doppler curve: a ray through the ionosphere takes time
BRAILLE = 0x2800
BRAILLE_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of Unicode: 4 rows, 2 columns


class LivePicture:
    """A picture of the sound that leaves the card, for one size of the terminal."""

    def __init__(self, columns: int, rows: int) -> None:
        """`rows` has those of the picture alone."""
        self._columns, self._height = columns, rows - 7  # of both panels without their axes
        self._waterfall_columns = (columns - 2 * LABEL - 2) * 3 // 5
        self._curve_columns = columns - 2 * LABEL - 3 - self._waterfall_columns
        self._rows: deque[str] = deque(maxlen=self._height)
        self._times_s: deque[float] = deque(maxlen=self._height)
        self._reception: Reception | None = None

    def lines(self, player: Player, tones_hz: list[float]) -> list[str]:
        """Return the lines of the picture, with one more row of the waterfall unless the player is paused."""
        reception, at_s = player.plan.reception, player.position_s
        if reception is not self._reception:
            self._reception = reception
            self._curve, self._hz_range = doppler_panel(reception, self._curve_columns, self._height)
        scenario = reception.scenario
        if not player.paused:
            samples = player.recent(round(SPECTRUM_S * player.rate_hz))
            columns = self._waterfall_columns
            level_db = spectrum_db(samples, player.rate_hz, scenario.low_hz, scenario.high_hz, columns)
            tones = [(tone - scenario.low_hz) / (scenario.high_hz - scenario.low_hz) for tone in tones_hz]
            self._rows.appendleft(waterfall_row(level_db, [int(x * columns) for x in tones if 0 <= x < 1]))
            self._times_s.appendleft(at_s)
        carrier = scenario.heard[0]
        head = f"{'':{LABEL}}{'sound / Hz, the newest on top':{self._waterfall_columns + 2}}"
        lines = [
            title(reception),
            settings(player),
            "",
            f"{head}{'':{LABEL}}Doppler of {scenario.name_of(carrier)} MHz / Hz",
        ]
        curve = self._with_dot(reception, at_s)
        for row in range(self._height):
            sound = self._rows[row] if row < len(self._rows) else ""
            ago = f"-{minutes(at_s - self._times_s[row])}" if row < len(self._rows) and row % 5 == 0 else ""
            share = 1 - row / (self._height - 1)
            hz = self._hz_range[0] + share * (self._hz_range[1] - self._hz_range[0])
            label = f"{hz:+.0f}" if row % 4 == 0 or row == self._height - 1 else ""
            lines.append(f"{ago:>{LABEL - 1}} {sound:{self._waterfall_columns}}  {label:>{LABEL - 1}} {curve[row]}")
        low, high = f"{scenario.low_hz:.0f}", f"{scenario.high_hz:.0f}"
        centre = f"{(scenario.low_hz + scenario.high_hz) / 2:.0f}"
        axis = spread(self._waterfall_columns, low, centre, high)
        clock = spread(self._curve_columns, *(moment_of(reception, x * reception.duration_s) for x in (0, 0.5, 1)))
        lines.append(f"{'':{LABEL}}{axis}  {'':{LABEL}}{clock}")
        return [*lines, "", pass_bar(reception, at_s, self._columns - 1)]

    def _with_dot(self, reception: Reception, at_s: float) -> list[str]:
        """Return the Doppler curve with the place of the satellite on it."""
        at = np.array([min(max(at_s, 0.0), reception.duration_s)])
        shift_hz = float(doppler_hz(reception, reception.scenario.heard[0], at)[0])
        column = min(int(at[0] / reception.duration_s * self._curve_columns), self._curve_columns - 1)
        row = dot_row(shift_hz, self._hz_range, self._height)
        lines = list(self._curve)
        lines[row] = f"{lines[row][:column]}{HERE}{lines[row][column + 1 :]}"
        return lines


def settings(player: Player) -> str:
    """Return the settings that keys change."""
    now = player.scenario
    return (
        f"pulse {now.pulse_s:.3g} s, pause {now.pause_s:.3g} s, tone {now.tone_hz:g} Hz, "
        f"level {now.level_dbfs:g} dBFS, mix {now.mix}, {now.sideband} sideband, noise {now.noise}"
    )


def spectrum_db(samples: Samples, rate_hz: int, low_hz: float, high_hz: float, columns: int) -> Array:
    """Return the highest power in each of `columns` bands between two frequencies, in samples (N, channels), dB."""
    window = np.hanning(len(samples))[:, None]
    power = (np.abs(np.fft.rfft(samples * window, axis=0)) ** 2).sum(axis=1)
    edges = np.linspace(low_hz, high_hz, columns + 1) * len(samples) / rate_hz
    first = np.clip(edges.astype(int), 0, len(power) - 1)
    highest = np.maximum.reduceat(power, first[:-1])  # a band without a line of its own has that of its lower edge
    return np.asarray(10 * np.log10(np.maximum(highest, 1e-12)))


def waterfall_row(level_db: Array, predicted: list[int]) -> str:
    """Return levels (N,) as shades, with the predicted tones in columns that are empty."""
    floor_db = max(float(np.median(level_db)), float(level_db.max()) - RANGE_DB)
    shade = np.clip((level_db - floor_db - DARKEST_DB) // STEP_DB + 1, 0, len(SHADES) - 1).astype(int)
    row = [SHADES[number] for number in shade]
    for column in predicted:
        row[column] = row[column] if shade[column] else PREDICTION
    return "".join(row)


def doppler_panel(reception: Reception, columns: int, rows: int) -> tuple[list[str], tuple[float, float]]:
    """Return the Doppler curve of the first carrier in braille dots, and the lowest and highest shift in Hz.

    The curve is that above the horizon, or the whole one where the satellite is always below.
    """
    t_s = np.linspace(0.0, reception.duration_s, CURVE_POINTS)
    shift_hz = doppler_hz(reception, reception.scenario.heard[0], t_s)
    up = reception.look(t_s).elevation_rad > 0
    shown = shift_hz[up] if up.any() else shift_hz
    hz_range = (float(shown.min()) - 1, float(shown.max()) + 1)
    x = np.arange(2 * columns)
    y_hz = np.interp((x + 0.5) / (2 * columns) * reception.duration_s, t_s, shift_hz)
    y = np.round((hz_range[1] - y_hz) / (hz_range[1] - hz_range[0]) * (4 * rows - 1)).astype(int)
    inside = (y >= 0) & (y < 4 * rows)
    return braille(x[inside], y[inside], columns, rows), hz_range


def dot_row(shift_hz: float, hz_range: tuple[float, float], rows: int) -> int:
    """Return the row of the Doppler curve with a shift."""
    share = (hz_range[1] - shift_hz) / (hz_range[1] - hz_range[0])
    return round(min(max(share, 0.0), 1.0) * (rows - 1))


def braille(x: NDArray[np.int_], y: NDArray[np.int_], columns: int, rows: int) -> list[str]:
    """Return dots (N,), two to a column and four to a row of characters, as lines of braille."""
    cells = np.zeros((rows, columns), int)
    np.bitwise_or.at(cells, (y // 4, x // 2), BRAILLE_DOTS[y % 4, x % 2])
    return ["".join(chr(BRAILLE + cell) if cell else " " for cell in line) for line in cells]


def pass_bar(reception: Reception, at_s: float, columns: int) -> str:
    """Return a bar of the recording: heavy above the horizon, with closest approach and present place."""
    first, last = moment_of(reception, 0.0), moment_of(reception, reception.duration_s)
    length = columns - len(first) - len(last) - 2
    t_s = (np.arange(length) + 0.5) / length * reception.duration_s
    bar = [
        "\N{BOX DRAWINGS HEAVY HORIZONTAL}" if up else "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
        for up in np.interp(t_s, reception.times_s, reception.looks.elevation_rad) > 0
    ]
    for mark, mark_s in (("\N{BOX DRAWINGS HEAVY VERTICAL AND HORIZONTAL}", reception.loudest_s), (HERE, at_s)):
        bar[min(max(int(mark_s / reception.duration_s * length), 0), length - 1)] = mark
    return f"{first} {''.join(bar)} {last}"


def moment_of(reception: Reception, t_s: float) -> str:
    """Return the time of day, or minutes and seconds where there is no date."""
    if reception.epoch is None:
        return minutes(t_s)
    return f"{reception.epoch + timedelta(seconds=t_s):%H:%M:%S}"


def spread(columns: int, left: str, centre: str, right: str) -> str:
    """Return three texts at the ends and in the middle of a line."""
    half = columns // 2
    return f"{left:<{half - len(centre) // 2}}{centre}{right:>{columns - half + len(centre) // 2 - len(centre)}}"
