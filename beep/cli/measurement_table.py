"""Measurements of recordings as tables and text."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import joined
from beep.base.figures import with_error
from beep.measuring.measure import Measurement
from beep.measuring.recording import Recording
from beep.stream.reception import Reception
from beep.stream.track import track

Row = tuple[str, ...]
_Quantity = tuple[str, str, float, int]  # field, unit, factor to that unit, least number of decimals

LEAST_FLUTTER_PERCENT, LEAST_RESIDUAL_DB = 0.02, -50.0  # below both, the sound is not that of a tape
LEAST_SPEED_PERCENT = 0.5  # of a tape, below which its speed is not worth a line
_MEAN_STEPS = 1000  # points for the mean tone
_QUANTITIES: dict[str, _Quantity] = {
    "pulse": ("pulse_s", "ms", 1e3, 1),
    "pause": ("pause_s", "ms", 1e3, 1),
    "period": ("period_s", "ms", 1e3, 2),
    "jitter of pulses": ("jitter_s", "ms", 1e3, 1),
    "rise and fall time": ("rise_s", "ms", 1e3, 1),
    "pulse / period": ("duty", "%", 1e2, 1),
    "tone, mean": ("tone_hz", "Hz", 1.0, 2),
    "drift": ("drift_hz_per_s", "Hz/s", 1.0, 3),
}
_TAPE_QUANTITIES: dict[str, _Quantity] = {
    "chirp": ("chirp_hz", "Hz", 1.0, 1),
    "flutter": ("flutter_percent", "%", 1.0, 2),
    "residual carrier": ("residual_db", "dB", 1.0, 1),
}
_SNR: _Quantity = ("snr_db", "dB", 1.0, 1)


def remarks(measurements: tuple[Measurement, ...], recording: Recording) -> list[str]:
    """Return what is wrong with a recording, and why a channel of it has no beeps."""
    lines = [f"warning: {recording.missing}"] if recording.missing else []
    for measurement in measurements:
        if measurement.note:
            channel = f"channel {measurement.channel + 1}: " if recording.channels > 1 else ""
            lines.append(f"{recording.name}: {channel}{measurement.note}")
    return lines


def measurement_table(measurements: tuple[Measurement | None, ...]) -> list[Row]:
    """Return the rows of a table with one column for each measurement; None has an empty column."""
    known = [m for m in measurements if m is not None]
    texts: dict[str, Callable[[Measurement], str]] = {"beeps": lambda m: str(m.beeps)}
    texts |= {label: partial(_value, quantity=quantity) for label, quantity in _QUANTITIES.items()}
    if any(m.flutter_percent > LEAST_FLUTTER_PERCENT or m.residual_db > LEAST_RESIDUAL_DB for m in known):
        texts |= {label: partial(_value, quantity=quantity) for label, quantity in _TAPE_QUANTITIES.items()}
    texts |= {
        "jitter of the clock": lambda m: _text(1e3 * m.clock_jitter_s, "ms"),
        "beeps a minute": lambda m: _text(60 / m.period_s),
        _snr_label(known): partial(_value, quantity=_SNR),
        "nearest known keying of 1957": lambda m: m.keying if m.beeps else "",
        "hum": lambda m: ", ".join(f"{hz:g}" for hz in m.hum_hz) + " Hz" if m.hum_hz else "none",
    }
    return [(label, *("" if m is None else text(m) for m in measurements)) for label, text in texts.items()]


def heads(measurements: tuple[Measurement, ...]) -> list[str]:
    """Return the heads of the columns of measurements: channels or tones; empty for one alone."""
    channels = {m.channel for m in measurements}
    if len(channels) < len(measurements):
        return [f"channel {m.channel + 1}, {m.tone_hz:.0f} Hz" for m in measurements]
    if len(measurements) == 1:
        return [""]
    names = {0: "left", 1: "right"} if len(channels) == 2 else {}
    return [names.get(m.channel, f"channel {m.channel + 1}") for m in measurements]


def _snr_label(measurements: list[Measurement]) -> str:
    return f"SNR in {measurements[0].snr_bandwidth_hz:g} Hz"


def _value(measurement: Measurement, quantity: _Quantity) -> str:
    name, unit, factor, decimals = quantity
    value, sd = (factor * getattr(measurement, field) for field in (name, f"{name}_sd"))
    return with_error(value, sd, unit, decimals=decimals, unknown="")


def _text(value: float, unit: str = "") -> str:
    return with_error(value, 0.0, unit, decimals=1, unknown="")


def comparison(first: tuple[Measurement, ...], second: tuple[Measurement, ...]) -> list[Row]:
    """Return rows of two recordings side by side, with the difference, second less first."""
    rows: list[Row] = []
    quantities = _QUANTITIES | _TAPE_QUANTITIES
    for number, pair in enumerate(zip_longest(first, second)):
        if number:
            rows.append(("",) * 5)
        if len(first) > 1 or len(second) > 1:
            rows.append((f"tone {number + 1}", *("" if m is None else heads((m,))[0] for m in pair), "", ""))
        for label, *values in measurement_table(pair):
            name, unit, factor, _ = _SNR if label.startswith("SNR") else quantities.get(label, ("", "", 1.0, 0))
            difference, ratio = _difference(*pair, name)
            ends = ("", "") if difference is None else (f"{factor * difference:+.4g} {unit}", f"{ratio:+.1f}")
            rows.append((label, *values, *ends))
    return rows


def comparison_rows(first: tuple[Measurement, ...], second: tuple[Measurement, ...]) -> list[dict[str, Any]]:
    """Return a row of values in SI units for each tone and quantity of two recordings; None where it has none."""
    rows = []
    for number, pair in enumerate(zip_longest(first, second), 1):
        for name, *_ in (*_QUANTITIES.values(), _SNR):
            row: dict[str, Any] = {"tone": number, "quantity": name}
            for side, measurement in zip("ab", pair, strict=True):
                row |= {f"{side}{end}": _finite(measurement, name + end) for end in ("", "_sd")}
            difference, ratio = _difference(*pair, name)
            rows.append(row | {"difference": difference, "in_standard_errors": ratio})
    return rows


def _finite(measurement: Measurement | None, name: str) -> float | None:
    value = np.nan if measurement is None else float(getattr(measurement, name))
    return value if np.isfinite(value) else None


def _difference(
    first: Measurement | None, second: Measurement | None, name: str
) -> tuple[float, float] | tuple[None, None]:
    """Return second less first, and the same in standard errors; None where it is not known."""
    if first is None or second is None or not name:
        return None, None
    difference = float(getattr(second, name) - getattr(first, name))
    sd = float(np.hypot(getattr(first, f"{name}_sd"), getattr(second, f"{name}_sd")))
    return (difference, difference / sd) if np.isfinite(difference) and np.isfinite(sd) and sd > 0 else (None, None)


def speed_line(measurements: tuple[Measurement, ...]) -> str:
    """Return a line with the speed of a tape that runs too fast or too slow, by its hum and by its keying."""
    parts: list[str] = []
    for measurement in measurements:
        for speed in measurement.speeds:
            if abs(speed.percent) > max(LEAST_SPEED_PERCENT, 2 * speed.percent_sd):
                error = with_error(abs(speed.percent), speed.percent_sd, "%", decimals=1)
                parts.append(f"{error} {'fast' if speed.percent > 0 else 'slow'} if {speed.reference}")
    return f"speed of the tape: {'; '.join(dict.fromkeys(parts))}\n" if parts else ""


def pulse_table(measurements: tuple[Measurement, ...], *, file: str | None = None) -> dict[str, NDArray[Any]]:
    """Return columns (N,) of every pulse of all measurements; the name of the file is the first column, if given."""
    columns = {"channel": np.concatenate([np.full(m.beeps, m.channel + 1) for m in measurements])}
    pulses = joined([m.pulses for m in measurements])
    names = {} if file is None else {"file": np.full(len(columns["channel"]), file)}
    return names | columns | {field.name: getattr(pulses, field.name) for field in fields(pulses)}


def comparison_with_recipe(measurements: tuple[Measurement, ...], reception: Reception | None) -> str:
    """Return lines with what the reception in a recording's comment says; nothing where there is none."""
    if reception is None:
        return ""
    scenario, lines = reception.scenario, []
    for measurement in measurements:
        if not measurement.beeps:
            continue
        first_s, last_s = measurement.pulses.time_s[[0, -1]]
        t_s = first_s + (np.arange(_MEAN_STEPS) + 0.5) / _MEAN_STEPS * (last_s - first_s)
        truth = track(reception, t_s)
        tones_hz = {carrier: np.abs(truth[f"tone_{scenario.name_of(carrier)}_hz"]).mean() for carrier in scenario.heard}
        carrier, tone_hz = min(tones_hz.items(), key=lambda item: abs(item[1] - measurement.tone_hz))
        pulse, pause = scenario.pulse_s, scenario.pause_s
        if carrier.sends == "pause":
            pulse, pause = pause, pulse
        lines.append(
            f"recipe for {carrier.frequency_mhz:g} MHz: pulse {1e3 * pulse:.1f} ms, pause {1e3 * pause:.1f} ms, "
            f"tone {tone_hz:.2f} Hz on average\n"
        )
    return "".join(lines)
