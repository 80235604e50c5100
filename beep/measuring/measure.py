"""Measure the keyed tones of a recording: clock, pulse lengths, tone, drift, SNR, each with its standard error."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.base.arrays import Array, picked
from beep.base.errors import RecordingError
from beep.measuring.band import BAND_RATE_HZ, Band, Framing, extract, smooth_ratio
from beep.measuring.beeps import BEYOND_S, Beeps, beeps_of
from beep.measuring.bursts import Bursts, find_bursts
from beep.measuring.clock import KeyingName, keying_of
from beep.measuring.hum import hum_lines
from beep.measuring.recording import Recording, open_recording, recording_of
from beep.measuring.smooth import typical
from beep.measuring.tracks import find_tracks
from beep.measuring.verdict import doubt

SNR_BANDWIDTH_HZ = 500.0
THREADS = 2  # NumPy releases the interpreter lock most of the time
MOST_TRACKS = 3  # measured per channel
MOST_CARRIERS = 2  # returned per channel
LEAST_BURSTS = 4  # of a track
MOST_OVERLAP = 0.3  # of a second carrier's beeps with those of the first
HARMONIC_WITHIN, HARMONIC_OVERLAP = 0.02, 0.6  # of the frequency; of the beeps' time
FAR_S = 1.2 * BEYOND_S  # a tone's band is extracted up to so long before and after its bursts
NOISE_BINS_HZ = 0.5 * 376.0  # independent noise values per second of pulses: noise bandwidth, half lost by trimming
PULSE_COLUMNS = ("start_s", "length_s", "tone_hz", "tone_sd_hz", "level_db")


@dataclass(frozen=True, kw_only=True)
class Pulses:
    """The beeps one by one, arrays (N,) in order of time.

    A beep that is cut off by the beginning or end of the recording is counted, but is not `whole`: its start or length
    is that of the recorded part.
    """

    slot: NDArray[np.int64]  # of the keying clock, 0 for the first beep; of a dash, the first slot
    start_s: Array  # half amplitude of the rising edge, after the first sample
    start_sd_s: Array
    length_s: Array  # from half amplitude to half amplitude
    length_sd_s: Array
    time_s: Array  # to which tone_hz belongs: the middle of the beep
    tone_hz: Array
    tone_sd_hz: Array
    level_db: Array  # amplitude against full scale
    whole: NDArray[np.bool_]  # not cut off by the recording's ends
    slots: NDArray[np.int64]  # keying slots from key-down to key-up: 1, more in a dash


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One keyed tone of a recording. Without one, `beeps` is 0, values are nan, and `note` gives the reason.

    Lengths, period and tone are as received: the satellite's motion stretches them by up to 3e-5. Where they change
    during the recording, `period_s`, `tone_hz` and `drift_hz_per_s` are mean and slope of a straight line through a
    smooth curve from the first beep to the last. `_sd` is a standard error.
    """

    channel: int  # 0 for mono or left
    beeps: int
    pulse_s: float  # median length at half amplitude, of whole single pulses
    pulse_s_sd: float
    pause_s: float
    pause_s_sd: float
    period_s: float
    period_s_sd: float
    jitter_s: float  # rms scatter of the pulse lengths, without what noise explains
    jitter_s_sd: float
    clock_jitter_s: float  # rms scatter of key-down about the steady clock
    rise_s: float  # length of an edge, raised cosine
    rise_s_sd: float
    duty: float
    duty_sd: float
    tone_hz: float
    tone_hz_sd: float
    drift_hz_per_s: float
    drift_hz_per_s_sd: float
    snr_db: float  # of the tone while the key is down, median of the beeps, against noise in snr_bandwidth_hz
    snr_db_sd: float
    snr_bandwidth_hz: float
    keying: KeyingName
    hum_hz: tuple[float, ...]
    note: str
    pulses: Pulses


class Measurements(tuple[Measurement, ...]):
    """The measurements of a recording: by channel, and in a channel the lower tone first."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the values as JSON can hold them, nan as None; several measurements are listed under `channels`."""
        tables = [_to_dict(measurement) for measurement in self]
        return tables[0] | ({"channels": tables} if len(tables) > 1 else {})


def measure(source: Recording | str | Path | ArrayLike, *, sample_rate_hz: int | None = None) -> Measurements:
    """Measure every keyed tone in a recording, open or by its name, or in samples (N,) or (N, channels).

    Samples need their `sample_rate_hz`. Each channel gives at least one measurement, without beeps where it has none.
    A channel that holds both carriers gives two, the lower tone first. Raises RecordingError for what cannot be
    measured.

    What this cannot do: pulses and pauses below 0.08 s, tones below 100 Hz or above 7 kHz, hand-sent keying, two tones
    of one channel that send at the same time or are less than 50 Hz apart. Of a channel with both carriers, the second
    is lost where the receiver's second harmonic of the first is half as strong or more.
    """
    if isinstance(source, str | Path):
        with open_recording(source) as opened:
            return measure(opened)
    if isinstance(source, Recording):
        recording = source
    elif sample_rate_hz is None:
        raise RecordingError("samples need their rate, got none; give it: measure(samples, sample_rate_hz=48000)")
    else:
        recording = recording_of(source, sample_rate_hz=sample_rate_hz)
    rate_hz, channels = recording.sample_rate_hz, recording.channels
    hum = hum_lines(recording)
    bursts_of = find_bursts(recording.blocks(), sample_rate_hz=rate_hz, channels=channels)
    candidates = [
        (channel, picked(bursts, members))
        for channel, bursts in enumerate(bursts_of)
        for members in find_tracks(bursts)[:MOST_TRACKS]
        if len(members) >= LEAST_BURSTS
    ]
    bands = extract(
        recording.blocks(),
        Framing(sample_rate_hz=rate_hz, ratio=smooth_ratio(rate_hz / BAND_RATE_HZ)),
        frames=recording.frames,
        channels=channels,
        tones=[(channel, partial(_tone_near, bursts)) for channel, bursts in candidates],
    )
    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(_beeps_or_reason, bands, (bursts for _, bursts in candidates)))
    measurements: list[Measurement] = []
    for channel in range(channels):
        tried = [
            (bursts, result) for (where, bursts), result in zip(candidates, results, strict=True) if where == channel
        ]
        kept = _without_by_products([result for _, result in tried if isinstance(result, Beeps)], bursts_of[channel])
        measurements += [_measured(beeps, channel, hum[channel]) for beeps in kept]
        if not kept:
            reasons = [f"{reason} (about {np.median(bursts.tone_hz):.0f} Hz)" for bursts, reason in tried]
            note = "no beeps found: " + (reasons[0] if reasons else "no keyed tone")
            measurements.append(_no_beeps(channel, note, hum[channel]))
    return Measurements(measurements)


def _beeps_or_reason(band: Band, bursts: Bursts) -> Beeps | str:
    """Return the beeps of a track, or the reason why it has none."""
    beeps = beeps_of(band, bursts.start_s, bursts.stop_s, bursts.tone_hz)
    return beeps if isinstance(beeps, str) else doubt(beeps) or beeps


def _tone_near(bursts: Bursts, t_s: Array) -> Array:
    """Tone at times (N,), Hz, interpolated between bursts; nan far from all of them."""
    middle_s = bursts.middle_s
    after = np.searchsorted(middle_s, t_s)
    before_s, after_s = middle_s[np.maximum(after - 1, 0)], middle_s[np.minimum(after, len(middle_s) - 1)]
    distance_s = np.minimum(np.abs(t_s - before_s), np.abs(t_s - after_s))
    return np.where(distance_s < FAR_S, bursts.tone_at(t_s), np.nan)


def _without_by_products(found: list[Beeps], bursts: Bursts) -> list[Beeps]:
    """Remove harmonics and sidebands of other tones; return at most two tones, the lower one first.

    A by-product sends while its source sends. The second carrier sends while the first one pauses.
    """
    kept: list[Beeps] = []
    for beeps in sorted(found, key=lambda beeps: -float(np.sum(beeps.tones.energy))):
        together = (_overlap(beeps, other.start_s, other.stop_s) for other in kept)
        if len(kept) < MOST_CARRIERS and max(together, default=0.0) < MOST_OVERLAP and not _is_harmonic(beeps, bursts):
            kept.append(beeps)
    return sorted(kept, key=lambda beeps: beeps.tone.mean[0])


def _is_harmonic(beeps: Beeps, bursts: Bursts) -> bool:
    """Whether bursts at a half or a third of the tone send during the beeps, be they beeps themselves or not."""
    tone_hz = beeps.tone(bursts.middle_s)
    for order in (2, 3):
        lower = picked(bursts, np.abs(order * bursts.tone_hz / tone_hz - 1) < HARMONIC_WITHIN)
        if len(lower) and _overlap(beeps, lower.start_s, lower.stop_s) > HARMONIC_OVERLAP:
            return True
    return False


def _overlap(beeps: Beeps, start_s: Array, stop_s: Array) -> float:
    """Share of the beeps' time that lies in intervals (N,), which are in order of their starts."""
    stop_s = np.maximum.accumulate(stop_s)
    start_s = np.maximum(start_s, np.concatenate([start_s[:1], stop_s[:-1]]))
    length_s = stop_s - start_s
    before_s = np.cumsum(length_s) - length_s
    edges_s, covered_s = np.stack([start_s, stop_s], 1).ravel(), np.stack([before_s, before_s + length_s], 1).ravel()
    sent_s = np.interp(beeps.stop_s, edges_s, covered_s) - np.interp(beeps.start_s, edges_s, covered_s)
    return float(np.sum(sent_s) / np.sum(beeps.stop_s - beeps.start_s))


def _measured(beeps: Beeps, channel: int, hum_hz: tuple[float, ...]) -> Measurement:
    tones = beeps.tones
    length_s = beeps.stop_s - beeps.start_s
    length_sd_s = np.hypot(beeps.start_sd_s, beeps.stop_sd_s)
    single = beeps.whole & (beeps.slots == 1)
    pulse_s, pulse_sd_s, jitter_s = typical(length_s[single], length_sd_s[single])
    jitter_sd_s = np.hypot(jitter_s, np.sqrt(np.mean(length_sd_s[single] ** 2))) / np.sqrt(2 * np.sum(single))
    pause_s, pause_sd_s = _pause(beeps)
    period_s, period_sd_s = beeps.clock.period_s, beeps.clock.period_sd_s
    duty = pulse_s / period_s
    tone_hz, tone_sd_hz = beeps.tone.mean
    drift_hz_s, drift_sd_hz_s = beeps.tone.slope
    # Each amplitude has its own error, the noise that of all pulses together.
    snr_variance = 1.57 * float(np.mean(2 / tones.energy)) / len(length_s) + 1 / (
        NOISE_BINS_HZ * float(np.sum(tones.length_s))
    )
    return Measurement(
        channel=channel,
        beeps=len(length_s),
        pulse_s=pulse_s,
        pulse_s_sd=pulse_sd_s,
        pause_s=pause_s,
        pause_s_sd=pause_sd_s,
        period_s=period_s,
        period_s_sd=period_sd_s,
        jitter_s=jitter_s,
        jitter_s_sd=float(jitter_sd_s),
        clock_jitter_s=beeps.clock.scatter_s,
        rise_s=beeps.rise_s,
        rise_s_sd=beeps.rise_sd_s,
        duty=duty,
        duty_sd=duty * float(np.hypot(pulse_sd_s / pulse_s, period_sd_s / period_s)),
        tone_hz=tone_hz,
        tone_hz_sd=tone_sd_hz,
        drift_hz_per_s=drift_hz_s,
        drift_hz_per_s_sd=drift_sd_hz_s,
        snr_db=float(np.median(10 * np.log10(tones.amplitude**2 / tones.density / SNR_BANDWIDTH_HZ))),
        snr_db_sd=float(10 / np.log(10) * np.sqrt(snr_variance)),
        snr_bandwidth_hz=SNR_BANDWIDTH_HZ,
        keying=keying_of((pulse_s, pulse_sd_s), (pause_s, pause_sd_s)),
        hum_hz=hum_hz,
        note="",
        pulses=Pulses(
            slot=beeps.slot,
            start_s=beeps.start_s,
            start_sd_s=beeps.start_sd_s,
            length_s=length_s,
            length_sd_s=length_sd_s,
            time_s=tones.time_s,
            tone_hz=tones.tone_hz,
            tone_sd_hz=tones.tone_sd_hz,
            level_db=20 * np.log10(np.maximum(tones.amplitude, 1e-12)),
            whole=beeps.whole,
            slots=beeps.slots,
        ),
    )


def _pause(beeps: Beeps) -> tuple[float, float]:
    """Typical gap between beeps of adjacent slots, both ends recorded, and its standard error; nan without one."""
    recorded = (np.diff(beeps.slot) == beeps.slots[:-1]) & (beeps.stop_s[:-1] > 0) & (beeps.start_s[1:] > 0)
    if not recorded.any():
        return np.nan, np.nan
    gap_s = beeps.start_s[1:] - beeps.stop_s[:-1]
    gap_sd_s = np.hypot(beeps.start_sd_s[1:], beeps.stop_sd_s[:-1])
    return typical(gap_s[recorded], gap_sd_s[recorded])[:2]


def _no_beeps(channel: int, note: str, hum_hz: tuple[float, ...]) -> Measurement:
    numbers = {field.name: np.nan for field in fields(Measurement) if field.type is float}
    numbers["snr_bandwidth_hz"] = SNR_BANDWIDTH_HZ
    columns: dict[str, Any] = {field.name: np.zeros(0) for field in fields(Pulses)}
    columns |= {"slot": np.zeros(0, np.int64), "slots": np.zeros(0, np.int64), "whole": np.zeros(0, bool)}
    return Measurement(
        channel=channel, beeps=0, keying="none", hum_hz=hum_hz, note=note, pulses=Pulses(**columns), **numbers
    )


def _to_dict(measurement: Measurement) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for field in fields(Measurement):
        value = getattr(measurement, field.name)
        table[field.name] = list(value) if isinstance(value, tuple) else _finite(value)
    columns = [getattr(measurement.pulses, name).tolist() for name in PULSE_COLUMNS]
    rows = zip(*columns, strict=True)
    table["pulses"] = [dict(zip(PULSE_COLUMNS, map(_finite, row), strict=True)) for row in rows]
    return table


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
