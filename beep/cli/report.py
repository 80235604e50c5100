"""Measurements in rows and words for people."""

import json
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.errors import ScenarioError
from beep.measuring.measure import Measurement
from beep.measuring.recording import Recording
from beep.scenario.toml import from_dict
from beep.stream.track import track

STEPS = 1000  # of the mean tone
Rows = list[tuple[str, ...]]

QUANTITIES = (  # label, key, unit, factor to that unit, least digits after the point
    ("pulse", "pulse_s", "ms", 1e3, 1),
    ("pause", "pause_s", "ms", 1e3, 1),
    ("period", "period_s", "ms", 1e3, 2),
    ("jitter of pulses", "jitter_s", "ms", 1e3, 1),
    ("edges", "rise_s", "ms", 1e3, 1),
    ("duty", "duty", "%", 1e2, 1),
    ("tone", "tone_hz", "Hz", 1.0, 2),
    ("drift", "drift_hz_per_s", "Hz/s", 1.0, 3),
)


def notes(found: tuple[Measurement, ...], recording: Recording) -> list[str]:
    """What is wrong with a recording, and why a channel of it has no beeps."""
    lines = [f"warning: {recording.missing}"] if recording.missing else []
    for each in found:
        if each.note:
            where = f"channel {each.channel + 1}: " if recording.channels > 1 else ""
            lines.append(f"{recording.name}: {where}{each.note}")
    return lines


def report(found: tuple[Measurement, ...]) -> tuple[tuple[str, ...], Rows]:
    """Head and rows of a table, a column for each measurement."""
    rows: Rows = [("beeps", *(str(each.beeps) for each in found))]
    for label, key, unit, factor, digits in QUANTITIES:
        rows.append((label, *(_value(each, key, unit, factor, digits) for each in found)))
    rows.insert(5, ("jitter of the clock", *(_plain(1e3 * each.clock_jitter_s, "ms", 1) for each in found)))
    rows.append(("beeps a minute", *(_plain(60 / each.period_s, "", 1) for each in found)))
    rows.append((f"SNR in {found[0].snr_bandwidth_hz:g} Hz", *(_value(each, "snr_db", "dB", 1.0, 1) for each in found)))
    rows.append(("keying of 1957", *(each.keying if each.beeps else "" for each in found)))
    rows.append(("hum", *(_hum(each) for each in found)))
    return ("", *_heads(found)), rows


def _heads(found: tuple[Measurement, ...]) -> list[str]:
    channels = {each.channel for each in found}
    if len(channels) == len(found):
        names = {0: "left", 1: "right"} if len(channels) == 2 else {}
        return [names.get(each.channel, f"channel {each.channel + 1}") if len(found) > 1 else "" for each in found]
    return [f"channel {each.channel + 1}, {each.tone_hz:.0f} Hz" for each in found]


def _hum(measured: Measurement) -> str:
    return ", ".join(f"{hz:g}" for hz in measured.hum_hz) + " Hz" if measured.hum_hz else "none"


def _value(measured: Measurement, key: str, unit: str, factor: float, digits: int) -> str:
    value, sd = factor * getattr(measured, key), factor * getattr(measured, f"{key}_sd")
    if not np.isfinite(value):
        return ""
    if not (np.isfinite(sd) and sd > 0):
        return _plain(value, unit, digits)
    digits = int(np.clip(1 - np.floor(np.log10(sd)), digits, 6))
    return f"{value:.{digits}f} ± {sd:.{digits}f} {unit}"


def _plain(value: float, unit: str, digits: int) -> str:
    return f"{value:.{digits}f} {unit}".strip() if np.isfinite(value) else ""


def comparison(
    first: tuple[Measurement, ...], second: tuple[Measurement, ...], *, names: tuple[str, str]
) -> tuple[tuple[str, ...], Rows]:
    """Head and rows of two recordings side by side, tone by tone: second less first, and that in standard errors."""
    rows: Rows = []
    for number, (one, other) in enumerate(zip_longest(first, second)):
        if number:
            rows.append(("", "", "", "", ""))
        if len(first) > 1 or len(second) > 1:
            rows.append(
                (f"tone {number + 1}", *("" if each is None else _heads((each,))[0] for each in (one, other)), "", "")
            )
        rows.append(("beeps", *("" if each is None else str(each.beeps) for each in (one, other)), "", ""))
        for label, key, unit, factor, digits in (*QUANTITIES, ("SNR in 500 Hz", "snr_db", "dB", 1.0, 1)):
            texts = ("" if each is None else _value(each, key, unit, factor, digits) for each in (one, other))
            rows.append((label, *texts, *_difference(one, other, key, unit, factor)))
        keyings = ("" if each is None or not each.beeps else each.keying for each in (one, other))
        rows.append(("keying of 1957", *keyings, "", ""))
    return ("", *names, ">difference", ">in its errors"), rows


def _difference(
    one: Measurement | None, other: Measurement | None, key: str, unit: str, factor: float
) -> tuple[str, str]:
    if one is None or other is None:
        return "", ""
    off = getattr(other, key) - getattr(one, key)
    sd = np.hypot(getattr(one, f"{key}_sd"), getattr(other, f"{key}_sd"))
    if not (np.isfinite(off) and np.isfinite(sd) and sd > 0):
        return "", ""
    return f"{factor * off:+.4g} {unit}", f"{off / sd:+.1f}"


def pulse_table(found: tuple[Measurement, ...]) -> dict[str, NDArray[Any]]:
    """Columns of every pulse of all measurements."""
    names = ("slot", "start_s", "length_s", "tone_hz", "tone_sd_hz", "level_db", "whole")
    columns: dict[str, NDArray[Any]] = {
        "channel": np.concatenate([np.full(each.beeps, each.channel + 1) for each in found])
    }
    for name in names:
        columns[name] = np.concatenate([getattr(each.pulses, name) for each in found])
    return columns


def against_recipe(found: tuple[Measurement, ...], comment: str) -> str:
    """What the scenario in a recording's comment says beside what was measured; nothing where there is none."""
    try:
        scenario = from_dict(json.loads(comment))
    except (ValueError, TypeError, ScenarioError):
        return ""
    lines = []
    for number, each in enumerate(found):
        if not each.beeps or number >= len(scenario.heard):
            continue
        carrier = scenario.heard[number]
        pulse, pause = scenario.pulse_s, scenario.pause_s
        if carrier.sends == "pause":
            pulse, pause = pause, pulse
        first_s, last_s = each.pulses.time_s[[0, -1]]
        t_s = first_s + (np.arange(STEPS) + 0.5) / STEPS * (last_s - first_s)
        try:
            tone_hz = np.abs(track(scenario, t_s)[f"tone_{scenario.name_of(carrier)}_hz"]).mean()
        except ScenarioError:
            return ""
        lines.append(
            f"recipe for {carrier.frequency_mhz:g} MHz: pulse {1e3 * pulse:.1f} ms, pause {1e3 * pause:.1f} ms, "
            f"tone {tone_hz:.2f} Hz on average"
        )
    return "\n".join(lines)
