"""HTML that a notebook shows for the objects of this package: tables, a picture, an audio player."""

from __future__ import annotations

import io
from base64 import b64encode
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from beep import plot
from beep.base.errors import BeepError, ExtraError
from beep.base.figures import with_error
from beep.output.wav import write_wav
from beep.plot.preview import FIT_VALUES, at_low_rate, loud_part_s
from beep.stream.resolve import receive
from beep.stream.tiles import render
from beep.stream.words import date, describe, minutes, orbit, place, recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from beep.base.arrays import Samples
    from beep.fitting.fit import PassFit
    from beep.geometry.forecast import Prediction
    from beep.measuring.measure import Measurement
    from beep.scenario.scenario import Scenario

PLAYED_S = 10.0
PLAYED_RATE_HZ = 12_000
LEAST_RATE_TO_TONE = 2.5
EDGE_S = 0.003  # of a synthesized beep
SIZE_IN, DPI = (7.0, 4.5), 90.0
SKY_HEAD = ("TCA (closest)", "max. elevation", "range")
PASS_HEAD = ("AOS (rise), UTC", "azimuth", *SKY_HEAD, "LOS (set)", "azimuth", "direction")
RECEPTION_HEAD = ("name", "from, UTC", "until", "who", "report", "orbit says")
DIRECTIONS = {"north": "northbound", "south": "southbound"}


def scenario_html(scenario: Scenario) -> str:
    """HTML of a scenario: its recipe and pass, its Doppler curve, and ten seconds of its sound at the loud part."""
    rows = {"recipe": recipe(scenario), "place": place(scenario), "orbit": orbit(scenario).removeprefix("orbit: ")}
    try:
        reception = receive(scenario)
        rows |= {"date": date(reception.epoch) or "none"}
        rows |= dict(line.split(": ", 1) for line in describe(reception).splitlines() if ": " in line)
        light = at_low_rate(scenario)
        from_s, until_s = loud_part_s(reception, PLAYED_S)
        rate_hz = light.sample_rate_hz
        samples = render(light, start=round(from_s * rate_hz), stop=round(until_s * rate_hz))
    except BeepError as error:
        return _page(_table("Scenario", (rows | {"cannot be received": str(error)}).items()))

    caption = f"{until_s - from_s:.0f} s of the sound, from {from_s:.1f} s ({minutes(from_s)}) on"
    player = _player(samples, rate_hz, caption)
    return _page(_table("Scenario", rows.items()), _picture("doppler_curve", scenario), player)


def measurement_html(measurement: Measurement) -> str:
    """HTML of a measurement: its values, its tones and lengths, and its loudest beeps synthesized from the values."""
    return measurements_html((measurement,))


def measurements_html(measurements: Sequence[Measurement]) -> str:
    """HTML of the measurements of a recording: a table with a column for each tone, and for each picture and player."""
    columns = [_values(measurement) for measurement in measurements]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = [(name, *(column.get(name, "") for column in columns)) for name in names]
    parts = [_table("Measurement" if len(measurements) == 1 else "Measurements", rows)]
    for measurement in measurements:
        if measurement.beeps:
            parts += [_picture("measurement_sheet", measurement), _synthesized_player(measurement)]
    return _page(*parts)


def _values(measurement: Measurement) -> dict[str, str]:
    """The values of a measurement with their standard errors, by name."""
    m = measurement
    rows = {"channel": str(m.channel + 1), "beeps": str(m.beeps)}
    if not m.beeps:
        return rows | {"note": m.note or "no keyed tone"}
    values = {
        "pulse": (m.pulse_s, m.pulse_s_sd, 1e3, "ms"),
        "pause": (m.pause_s, m.pause_s_sd, 1e3, "ms"),
        "period": (m.period_s, m.period_s_sd, 1e3, "ms"),
        "tone": (m.tone_hz, m.tone_hz_sd, 1.0, "Hz"),
        "drift": (m.drift_hz_per_s, m.drift_hz_per_s_sd, 1.0, "Hz/s"),
        "flutter": (m.flutter_percent, m.flutter_percent_sd, 1.0, "%"),
        f"SNR in {m.snr_bandwidth_hz:g} Hz": (m.snr_db, m.snr_db_sd, 1.0, "dB"),
    }
    rows |= {name: with_error(value * scale, sd * scale, unit) for name, (value, sd, scale, unit) in values.items()}
    return rows | {"keyed like": m.keying} | ({"note": m.note} if m.note else {})


def _synthesized_player(measurement: Measurement) -> str:
    samples, rate_hz, from_s = _synthesized(measurement)
    what = f"{len(samples) / rate_hz:.0f} s of the beeps of channel {measurement.channel + 1}, from {from_s:.1f} s on"
    return _player(samples, rate_hz, f"{what}, synthesized from their measured times and tones")


def _synthesized(measurement: Measurement) -> tuple[Samples, int, float]:
    """Samples (N, 1) of the beeps around the loudest, each with measured start, length and tone; rate; start, s."""
    pulses = measurement.pulses
    known = np.isfinite(pulses.start_s + pulses.length_s + pulses.tone_hz)
    rate_hz = PLAYED_RATE_HZ
    while rate_hz < LEAST_RATE_TO_TONE * pulses.tone_hz[known].max(initial=0.0):
        rate_hz *= 2
    first_s, last_s = float(pulses.start_s[0]), float(np.nanmax(pulses.start_s + pulses.length_s))
    levels_db = np.where(np.isfinite(pulses.level_db), pulses.level_db, -np.inf)
    loudest_s = float(pulses.time_s[np.argmax(levels_db)])
    from_s = max(first_s, min(loudest_s - PLAYED_S / 2, last_s - PLAYED_S))
    until_s = min(from_s + PLAYED_S, last_s)
    t_s = from_s + np.arange(max(1, round((until_s - from_s) * rate_hz))) / rate_hz
    sound = np.zeros(t_s.size)
    columns = (pulses.start_s[known], pulses.length_s[known], pulses.tone_hz[known])
    for start_s, length_s, tone_hz in zip(*columns, strict=True):
        first, last = np.searchsorted(t_s, (start_s - EDGE_S, start_s + length_s + EDGE_S))
        since_s = t_s[first:last] - start_s
        edge = np.clip(np.minimum(since_s, length_s - since_s) / EDGE_S + 0.5, 0.0, 1.0)
        sound[first:last] += np.sin(np.pi / 2 * edge) ** 2 * np.sin(2 * np.pi * tone_hz * since_s)
    return (0.5 * sound[:, None]).astype(np.float32), rate_hz, from_s


def fit_html(fitted: PassFit) -> str:
    """HTML of a fit: values with standard errors and biases, the residuals, and the picture of the fit."""
    rows = [
        (title, *(with_error(estimate.value, estimate.sd, unit) for estimate in estimates))
        for name, (title, unit) in FIT_VALUES.items()
        for estimates in [(getattr(fitted, name), fitted.model_bias[name], fitted.ionosphere_bias[name])]
    ]
    shifts = {"time shift": (fitted.time_shift_s, "s"), "node shift": (fitted.node_shift_deg, "degrees")}
    rows += [
        (title, with_error(estimate.value, estimate.sd, unit), "", "")
        for title, (estimate, unit) in shifts.items()
        if estimate is not None
    ]
    for carrier in fitted.carriers:
        outliers = int((~carrier.used).sum())
        residuals = f"{carrier.rms_hz:.2g} Hz rms, {carrier.used.size} tones, {outliers} outliers"
        rows.append((f"residuals, {carrier.frequency_hz / 1e6:g} MHz", residuals, "", ""))

    head = ("", "value \N{PLUS-MINUS SIGN} standard error", "model bias", "bias of a morning's ionosphere")
    return _page(_table(f"Pass fitted: {fitted.model}", rows, head=head), _picture("fit_sheet", fitted))


def passes_html(passes: Sequence[Prediction]) -> str:
    """HTML of predicted passes: a table."""
    rows = [
        (
            _time(row.aos, "%Y-%m-%d %H:%M:%S"),
            _degrees(row.aos_azimuth_deg),
            _time(row.tca, "%H:%M:%S" if row.aos else "%Y-%m-%d %H:%M:%S"),
            _degrees(row.max_elevation_deg),
            f"{row.tca_range_km:.0f} km",
            _time(row.los, "%H:%M:%S"),
            _degrees(row.los_azimuth_deg),
            DIRECTIONS.get(row.direction, row.direction),
        )
        for row in passes
    ]
    return _page(_table(f"{len(rows)} passes", rows, head=PASS_HEAD))


def receptions_html(receptions: Sequence[Any]) -> str:
    """HTML of the receptions of 1957: a table."""
    rows = [
        (row.name, f"{row.heard_from:%Y-%m-%d %H:%M}", f"{row.heard_until:%H:%M}", row.who, row.report, row.verdict)
        for row in receptions
    ]
    return _page(_table("Receptions of 1957", rows, head=RECEPTION_HEAD))


def _time(moment: datetime | None, form: str) -> str:
    """A time to the nearest second."""
    return f"{moment + timedelta(seconds=0.5):{form}}" if moment else "up for days"


def _degrees(angle_deg: float | None) -> str:
    return "" if angle_deg is None else f"{angle_deg:.0f}\N{DEGREE SIGN}"


def _picture(function: str, shown: object) -> str:
    """What a function of `beep.plot` draws, as an image, or one line that says how to get pictures."""
    try:
        draw, paper = getattr(plot, function), plot.Paper(size_in=SIZE_IN, dpi=DPI)
    except ExtraError as error:
        return f"<p>{escape(str(error))}</p>"
    file = io.BytesIO()
    plot.save(draw(shown, paper=paper), file, kind="png")
    title = function.replace("_", " ")
    return f'<img alt="{title}" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


def _player(samples: Samples, rate_hz: int, caption: str) -> str:
    file = io.BytesIO()
    write_wav(file, [samples], frames=len(samples), sample_rate_hz=rate_hz, channels=samples.shape[1])
    source = f"data:audio/wav;base64,{b64encode(file.getvalue()).decode()}"
    return f'<p><audio controls preload="none" src="{source}"></audio><br>{escape(caption)}</p>'


def _table(title: str, rows: Iterable[tuple[str, ...]], *, head: Sequence[str] = ()) -> str:
    """A table whose first column has the names of the rows."""
    columns = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in head)}</tr>" if head else ""
    lines = [
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for name, *values in rows
    ]
    return f"<table><caption>{escape(title)}</caption>{columns}{''.join(lines)}</table>"


def _page(*parts: str) -> str:
    return f"<div>{''.join(parts)}</div>"
