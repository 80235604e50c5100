"""Measure the keyed tones of a recording: clock, pulse lengths, tone, drift, SNR, each with its standard error."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.base.arrays import Array, picked
from beep.base.errors import RecordingError
from beep.measuring.beeps import PULLED_HZ, Beeps
from beep.measuring.bursts import Bursts, find_bursts
from beep.measuring.clock import KeyingName, keying_of, small_sample
from beep.measuring.hum import hum_lines
from beep.measuring.overload import lengthening_s, third_harmonic
from beep.measuring.recording import Recording, open_recording, recording_of
from beep.measuring.smooth import typical
from beep.measuring.speed import Speed, tape_speeds
from beep.measuring.stretches import LEAST_BURSTS, beeps_of_tracks
from beep.measuring.tracks import find_tracks
from beep.measuring.verdict import irregular

SNR_BANDWIDTH_HZ = 500.0
MOST_TRACKS = 3  # measured per channel
MOST_CARRIERS = 2  # returned per channel
MOST_OVERLAP = 0.3  # of a second carrier's beeps with those of the first
HARMONIC_WITHIN, HARMONIC_OVERLAP = 0.02, 0.6  # of the frequency; of the beeps' time
NOISE_BINS_HZ = 0.5 * 376.0  # independent noise values per second of pulses: noise bandwidth, half lost by trimming
CHIRP_PART = 0.01  # of a chirp, to which a tape's mean tone is known
OVERLOAD_SD, LEAST_LENGTHENING_S = 2.0, 1e-4  # of the pulses by an overload, from which on it is said
LEAST_RESIDUAL = 1e-3  # -60 dB
IRREGULAR_NOTE = (
    "irregular beeps: their clock or their lengths scatter more than those of any keying of 1957; the clip that space "
    "agencies hand out (folklore) does"
)


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
    level_sd_db: Array
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
    tone_time_s: float  # to which tone_hz belongs: the middle between the first beep and the last
    drift_hz_per_s: float
    drift_hz_per_s_sd: float
    chirp_hz: float  # mean frequency of the first 30 ms of the beeps less that of their second half
    chirp_hz_sd: float
    flutter_percent: float  # rms of the frequency within beeps and from beep to beep, about a smooth curve
    flutter_percent_sd: float
    residual_db: (
        float  # residual carrier: median amplitude in the gaps against that of the beeps; nan where none is found
    )
    residual_db_sd: float
    snr_db: float  # of the tone while the key is down, median of the beeps, against noise in snr_bandwidth_hz
    snr_db_sd: float
    snr_bandwidth_hz: float
    keying: KeyingName
    hum_hz: tuple[float, ...]
    speeds: tuple[Speed, ...]  # of the tape, by its hum and by its keying
    note: str  # why there are no beeps, that they are irregular, or that an overload lengthens them
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

    Samples need their `sample_rate_hz`. The times of a section of a file are those of the file. Each channel gives at
    least one measurement, without beeps where it has none. A channel that holds both carriers gives two, the lower tone
    first. Raises RecordingError for what cannot be measured.

    What this cannot do: pulses and pauses below 0.08 s, pulses above 2 s, tones below 100 Hz or above 7 kHz, hand-sent
    keying, two tones of one channel that send at the same time or are less than 50 Hz apart. Of a channel with both
    carriers, the second is lost where the receiver's second harmonic of the first is half as strong or more.
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
    bursts_of, frames = find_bursts(recording)
    recording = recording.shortened(frames)
    hum = hum_lines(recording)
    candidates = [
        (channel, picked(bursts, members))
        for channel, bursts in enumerate(bursts_of)
        for members in find_tracks(bursts)[:MOST_TRACKS]
        if len(members) >= LEAST_BURSTS
    ]
    results = beeps_of_tracks(recording, candidates)
    measurements: list[Measurement] = []
    for channel in range(recording.channels):
        tried = [
            (bursts, result) for (where, bursts), result in zip(candidates, results, strict=True) if where == channel
        ]
        kept = _without_by_products([result for _, result in tried if isinstance(result, Beeps)], bursts_of[channel])
        measurements += [_overload_noted(_measured(beeps, channel, hum[channel]), recording) for beeps in kept]
        if not kept:
            reasons = [f"{reason} (about {np.median(bursts.tone_hz):.0f} Hz)" for bursts, reason in tried]
            note = "no beeps found: " + (reasons[0] if reasons else "no keyed tone")
            measurements.append(_no_beeps(channel, note, hum[channel]))
    return Measurements(_in_file_time(measurement, recording.start_s) for measurement in measurements)


def _overload_noted(measurement: Measurement, recording: Recording) -> Measurement:
    """Say in the note of a measurement that an overload lengthens the beeps, where it does so significantly."""
    pulses, (channel, rise_s) = measurement.pulses, (measurement.channel, measurement.rise_s)
    some = pulses.whole
    ends_s = pulses.start_s + pulses.length_s
    third = third_harmonic(recording, channel, pulses.start_s[some], ends_s[some], pulses.tone_hz[some])
    longer_s = lengthening_s(third, rise_s)
    if not longer_s > max(OVERLOAD_SD * measurement.pulse_s_sd, LEAST_LENGTHENING_S):
        return measurement
    level = f"overload: a third harmonic at {20 * np.log10(third):.0f} dB"
    note = f"{level}, by which beeps look at least {1e3 * longer_s:.1f} ms too long and pauses too short"
    return replace(measurement, note="; ".join(filter(None, [measurement.note, note])))


def _in_file_time(measurement: Measurement, start_s: float) -> Measurement:
    """Count the times of a section from the beginning of its file."""
    pulses = measurement.pulses
    moved = replace(pulses, start_s=pulses.start_s + start_s, time_s=pulses.time_s + start_s)
    return replace(measurement, tone_time_s=measurement.tone_time_s + start_s, pulses=moved)


def _without_by_products(found: list[Beeps], bursts: Bursts) -> list[Beeps]:
    """Remove harmonics and sidebands of other tones; return at most two tones, the lower one first.

    A by-product sends while its source sends. The second carrier sends while the first one pauses.
    """
    kept: list[Beeps] = []
    for beeps in sorted(found, key=lambda beeps: -float(np.sum(beeps.phases.energy))):
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
    found, clock = beeps.phases, beeps.clock
    length = beeps.stop_s - beeps.start_s
    length_sd = np.hypot(beeps.start_sd_s, beeps.stop_sd_s)
    single = beeps.whole & (beeps.slots == 1)
    pulse, pulse_sd, jitter = _typical(length[single], length_sd[single], beeps.exact)
    pulse_sd = float(np.hypot(pulse_sd, beeps.edge_model_s))
    # A gap counts where both its ends are recorded.
    inner = (np.diff(beeps.slot) == beeps.slots[:-1]) & (beeps.stop_s[:-1] > 0) & (beeps.start_s[1:] > 0)
    gap_sd = np.hypot(beeps.start_sd_s[1:], beeps.stop_sd_s[:-1])
    pause, pause_sd = float("nan"), float("nan")
    if inner.any():
        pause, pause_sd, _ = _typical((beeps.start_s[1:] - beeps.stop_s[:-1])[inner], gap_sd[inner], beeps.exact)
        pause_sd = float(np.hypot(pause_sd, beeps.edge_model_s))
    duty = pulse / clock.period_s
    ratio = 10 * np.log10(found.amplitude**2 / found.density / SNR_BANDWIDTH_HZ)
    # Each amplitude by itself, and the noise from all beeps together.
    ratio_var = 1.57 * float(np.mean(2 / found.energy)) / len(length) + 1 / (
        NOISE_BINS_HZ * float(np.sum(found.length_s))
    )
    few = 1.0 if beeps.exact else small_sample(len(length), beeps.tone.scatter, float(np.median(found.tone_sd_hz)))
    keying = "none" if irregular(beeps) else keying_of((pulse, pulse_sd), (pause, pause_sd))
    residual_db, residual_sd_db = _in_db(beeps.residual)
    chirp_hz = float(np.nan_to_num(beeps.chirp_hz[0]))
    by_edges_hz = PULLED_HZ * beeps.rise_s / pulse / 2
    tone_model_hz = 0.0 if beeps.exact else np.hypot(CHIRP_PART * chirp_hz, by_edges_hz)
    flutter_hz = np.sqrt(found.flutter_hz**2 + beeps.tone.scatter**2)
    return Measurement(
        channel=channel,
        beeps=len(length),
        pulse_s=pulse,
        pulse_s_sd=pulse_sd,
        pause_s=pause,
        pause_s_sd=pause_sd,
        period_s=clock.period_s,
        period_s_sd=clock.period_sd_s,
        jitter_s=jitter,
        jitter_s_sd=float(np.hypot(jitter, np.sqrt(np.mean(length_sd[single] ** 2))) / np.sqrt(2 * np.sum(single))),
        clock_jitter_s=clock.scatter_s,
        rise_s=beeps.rise_s,
        rise_s_sd=beeps.rise_sd_s,
        duty=duty,
        duty_sd=duty * float(np.hypot(pulse_sd / pulse, clock.period_sd_s / clock.period_s)),
        tone_hz=beeps.tone.mean[0],
        tone_hz_sd=float(np.hypot(beeps.tone.mean[1] * few, tone_model_hz)),
        tone_time_s=(beeps.tone.low + beeps.tone.high) / 2,
        drift_hz_per_s=beeps.tone.slope[0],
        drift_hz_per_s_sd=beeps.tone.slope[1] * few,
        chirp_hz=beeps.chirp_hz[0],
        chirp_hz_sd=beeps.chirp_hz[1],
        flutter_percent=100 * float(np.sqrt(np.mean(flutter_hz**2))) / beeps.tone.mean[0],
        flutter_percent_sd=100 * float(np.std(flutter_hz)) / np.sqrt(len(length)) / beeps.tone.mean[0],
        residual_db=residual_db,
        residual_db_sd=residual_sd_db,
        snr_db=float(np.median(ratio)),
        snr_db_sd=float(10 / np.log(10) * np.sqrt(ratio_var)),
        snr_bandwidth_hz=SNR_BANDWIDTH_HZ,
        keying=keying,
        hum_hz=hum_hz,
        speeds=tape_speeds(hum_hz, clock.period_s, clock.period_sd_s, keying),
        note=IRREGULAR_NOTE if irregular(beeps) else "",
        pulses=Pulses(
            slot=beeps.slot,
            start_s=beeps.start_s,
            start_sd_s=beeps.start_sd_s,
            length_s=length,
            length_sd_s=np.hypot(length_sd, beeps.edge_model_s),
            time_s=found.time_s,
            tone_hz=found.tone_hz,
            tone_sd_hz=found.tone_sd_hz,
            level_db=20 * np.log10(np.maximum(found.amplitude, 1e-12)),
            level_sd_db=10 / np.log(10) * np.sqrt(2 / found.energy),
            whole=beeps.whole,
            slots=beeps.slots,
        ),
    )


def _typical(values: Array, sd: Array, exact: bool) -> tuple[float, float, float]:
    """Robust mean of values (N,), its standard error, also from few, and the scatter beyond the errors."""
    value, value_sd, scatter = typical(values, sd)
    if exact:
        return value, value_sd, scatter
    return value, value_sd * small_sample(len(values) + 1, scatter, float(np.median(sd))), scatter


def _in_db(residual: Array) -> tuple[float, float]:
    """Median level, dB, of a residual carrier in gaps (N,) against the beeps, and its error; nan without one."""
    middle = float(np.median(residual)) if len(residual) else 0.0
    if middle <= LEAST_RESIDUAL:
        return float("nan"), float("nan")
    spread = 1.4826 * float(np.median(np.abs(residual - middle)))
    return 20 * float(np.log10(middle)), 8.686 * spread / middle * 1.2533 / float(np.sqrt(len(residual)))


def _no_beeps(channel: int, note: str, hum_hz: tuple[float, ...]) -> Measurement:
    numbers = {field.name: np.nan for field in fields(Measurement) if field.type is float}
    numbers["snr_bandwidth_hz"] = SNR_BANDWIDTH_HZ
    columns: dict[str, Any] = {field.name: np.zeros(0) for field in fields(Pulses)}
    columns |= {"slot": np.zeros(0, np.int64), "slots": np.zeros(0, np.int64), "whole": np.zeros(0, bool)}
    return Measurement(
        channel=channel,
        beeps=0,
        keying="none",
        hum_hz=hum_hz,
        speeds=(),
        note=note,
        pulses=Pulses(**columns),
        **numbers,
    )


def _to_dict(measurement: Measurement) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for field in fields(Measurement):
        value = getattr(measurement, field.name)
        table[field.name] = list(value) if isinstance(value, tuple) else _finite(value)
    table["speeds"] = [asdict(speed) for speed in measurement.speeds]
    columns = {field.name: getattr(measurement.pulses, field.name).tolist() for field in fields(Pulses)}
    rows = zip(*columns.values(), strict=True)
    table["pulses"] = [dict(zip(columns, map(_finite, row), strict=True)) for row in rows]
    return table


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
