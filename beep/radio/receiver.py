"""The receiver: beat oscillator, filters, AGC, audio stage, tape; functions of arrays of times and levels."""

from functools import lru_cache
from math import log, pi, sqrt

import numpy as np

from beep.base.arrays import Array, Samples, product
from beep.base.choices import FilterShape, Sideband
from beep.base.random import white_noise

STOPBAND_DB = 80.0  # of each edge alone; two edges together leave 76
ROUND_REACH = 2.5  # half widths from its middle beyond which a round filter is 38 dB down

AGC_RANGE_DB = 40.0  # most gain for a weak signal (assumed)
AGC_LOOK_BACK = 5.0  # time constants after which an earlier level has no more effect, 43 dB down

HUM_HARMONICS_DB = (0.0, -6.0, -12.0, -24.0)  # against the fundamental: a half-filtered rectifier (assumed)
HUM_COLUMNS = 512

AM_STREAM = 0xA3
AM_NUMBERS_HZ = 50.0  # random numbers of the amplitude modulation
SPLINE_RMS = sqrt(151 / 315)  # of a cubic B-spline with random coefficients of unit power

FLUTTER_STREAM = 0xF1A7
FLUTTER_GRID = 8  # random numbers per period of the flutter's highest frequency
FLUTTER_REACH_S = 1.0  # of a random number to both sides: the speed is 6 dB down at half a cycle per second


def doppler_sign(sideband: Sideband) -> int:
    """+1 for an oscillator below the carrier (the tone follows the Doppler), -1 for one above (the tone mirrors it)."""
    return 1 if sideband == "upper" else -1


def band_filter(*, low_hz: float, high_hz: float, rate_hz: float, half: int, shape: FilterShape = "flat") -> Array:
    """Taps (2 half + 1,) of a linear-phase band-pass, -6 dB at its edges, its gain 1 in the middle of the band.

    `flat` is 76 dB down beyond slopes that are 5 `rate_hz` / (2 half) wide. `round` is a Gaussian, 24 dB down at twice
    the width; a wide one overlaps with its image at negative frequencies. `low_hz` 0 makes a low-pass around 0 Hz.

    References: Kaiser 1974, window design of FIR filters.
    """
    n = np.arange(-half, half + 1)
    low, high = low_hz / rate_hz, high_hz / rate_hz
    middle = 0.0 if low_hz == 0 else (low + high) / 2
    if shape == "round":
        width = high - middle
        taps = np.exp(-((pi * width * n) ** 2) / log(2)) * np.cos(2 * pi * middle * n)
    else:
        ideal = 2 * high * np.sinc(2 * high * n) - 2 * low * np.sinc(2 * low * n)
        taps = ideal * np.kaiser(2 * half + 1, 0.1102 * (STOPBAND_DB - 8.7))
    return np.asarray(taps / np.sum(taps * np.cos(2 * np.pi * middle * n)))


def filter_reach_hz(*, low_hz: float, high_hz: float, shape: FilterShape) -> float:
    """Frequency above which the filter passes next to nothing."""
    middle_hz = 0.0 if low_hz == 0 else (low_hz + high_hz) / 2
    return high_hz if shape == "flat" else middle_hz + ROUND_REACH * (high_hz - middle_hz)


def noise_bandwidth_hz(*, low_hz: float, high_hz: float, shape: FilterShape) -> float:
    """Equivalent noise bandwidth of the filter, Hz, with gain 1 in its middle.

    For `flat` it is the distance of the edges, which is some 50 Hz too much.
    """
    if shape == "flat":
        return high_hz - low_hz
    middle_hz = 0.0 if low_hz == 0 else (low_hz + high_hz) / 2
    half_hz = high_hz - middle_hz  # the Gaussian is 2**-x**2, at x half widths from +-middle_hz
    overlap = 4 ** -((middle_hz / half_hz) ** 2)
    at_middle = 1 + 2 ** -((2 * middle_hz / half_hz) ** 2)
    return half_hz * sqrt(pi / log(4)) * (1 + overlap) / at_middle**2


def agc_steps(*, attack_s: float, release_s: float, step_s: float) -> int:
    """Number of steps of the level, up to a moment, on which the gain of that moment depends."""
    return 1 + int(AGC_LOOK_BACK * release_s / step_s) + int(AGC_LOOK_BACK * attack_s / step_s)


def agc_gain(level: Samples, *, attack_s: float, release_s: float, step_s: float, target: Array) -> Samples:
    """AGC gain (channels, N - agc_steps() + 1) from the input level (channels, N) of each step.

    The level is held at its peaks, which decay with `release_s`, and smoothed with `attack_s`. The gain brings it to
    `target` (channels,), and is at most 40 dB. Gain n is the one just after level n + agc_steps() - 1. Both time
    constants look back five times their length and no further, so the gain depends on a finite stretch of the past.
    """
    held = _held(level, 1 + int(AGC_LOOK_BACK * release_s / step_s), fade=np.exp(-step_s / release_s))
    ago = np.arange(int(AGC_LOOK_BACK * attack_s / step_s), -1, -1)
    weight = np.exp(-ago * (step_s / attack_s))
    weight = (weight / weight.sum()).astype(np.float32)
    smooth = np.stack([np.correlate(levels, weight, "valid") for levels in held])
    wanted = target.astype(np.float32)[:, None]
    gain: Samples = wanted / np.maximum(smooth, wanted * np.float32(10 ** (-AGC_RANGE_DB / 20)))
    return gain


def _held(level: Samples, steps: int, *, fade: float) -> Samples:
    """Largest of the last `steps` levels, each multiplied by `fade` per step, (channels, N - steps + 1)."""
    held, done = level, 1
    while done < steps:  # twice as far back each time, the last time the rest
        more = min(done, steps - done)
        held = np.maximum(held[:, more:], held[:, :-more] * np.float32(fade**more))
        done += more
    return held


def straight_between(values: Samples, step: int) -> Samples:
    """Straight lines (channels, N step) between values (channels, N + 1) at the edges of steps."""
    part = np.linspace(0, 1, step, endpoint=False, dtype=np.float32)
    ends = np.stack([values[:, :-1], values[:, 1:]], axis=-1)
    return product(ends, np.stack([1 - part, part])).reshape(len(values), -1)


def saturated(samples: Samples, *, limit: float) -> Samples:
    """Samples after soft clipping at +-`limit`; small ones stay as they are."""
    bent: Samples = samples / np.float32(limit)
    np.square(bent, out=bent)
    bent += 1
    np.sqrt(bent, out=bent)
    return np.divide(samples, bent, out=bent)


def with_even_harmonics(clipped: Samples, *, share: float, step: int) -> Samples:
    """Clipped samples (channels, N) with the even harmonics of an asymmetric stage, (channels, N - 2 step).

    It adds `share` of the square, less its mean around each moment: that of the two steps beside each edge of a step,
    and linear between. It stands for the coupling capacitor, which keeps DC back.
    """
    steps = clipped.reshape(len(clipped), -1, step)
    mean = np.einsum("cns,cns->cn", steps, steps) * np.float32(share / step)
    inner = clipped[:, step:-step]
    sound: Samples = inner * np.float32(share)
    sound += 1
    sound *= inner
    sound -= straight_between((mean[:, :-1] + mean[:, 1:]) / 2, step)
    return sound


def hum(first: int, count: int, *, rate_hz: float, hum_hz: float, amplitude: float) -> Samples:
    """Mains hum (count,) from sample `first` on, with its harmonics below half the sample rate."""
    harmonic, columns = _hum_columns(hum_hz / rate_hz)
    row = (first + np.arange(-(-count // HUM_COLUMNS)) * HUM_COLUMNS) * (hum_hz / rate_hz)
    row_rad = 2 * pi * (row - np.rint(row))[:, None] * harmonic
    rows = amplitude * np.concatenate([np.cos(row_rad), -np.sin(row_rad)], axis=1)
    return product(rows.astype(np.float32), columns).reshape(-1)[:count]


@lru_cache
def _hum_columns(turns: float) -> tuple[Array, Samples]:
    """Numbers (H,) of the harmonics, and their cosines and sines (2 H, HUM_COLUMNS), of `turns` per sample.

    cos(a + b) of rows and columns is a matrix product, which needs few cosines for many samples.
    """
    harmonic = np.array([n for n in range(1, len(HUM_HARMONICS_DB) + 1) if n * turns < 0.5])
    strength = 10 ** (np.array(HUM_HARMONICS_DB[: harmonic.size]) / 20)
    column_rad = 2 * pi * turns * harmonic[:, None] * np.arange(HUM_COLUMNS)
    columns = np.concatenate([np.cos(column_rad), np.sin(column_rad)]) * np.tile(strength, 2)[:, None]
    return harmonic, columns.astype(np.float32)


def faded_ends(first: int, count: int, *, of: int, rise: int) -> Samples:
    """Gain (count,) of the samples from `first` on: 0 at both ends of `of` samples, 1 from `rise` samples inside."""
    sample = np.arange(first, first + count)
    inside = np.clip(np.minimum(sample, of - 1 - sample) / rise, 0.0, 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * inside)).astype(np.float32)


def wow_s(t_s: Array, *, percent: float, rate_hz: float) -> Array:
    """Time (as `t_s`) by which a tape is ahead whose speed varies by `percent` at `rate_hz`, seconds."""
    return np.asarray(percent / 100 / (2 * pi * rate_hz) * np.sin(2 * pi * rate_hz * t_s))


@lru_cache
def _flutter_taps(corner_hz: float) -> Array:
    """Taps (2 half + 1,) from random numbers to the time by which a tape is ahead, for a speed error of 1 rms.

    The speed error is the difference of two means, one over half a period of the corner frequency, one over seconds:
    flat between them, and 0 at 0 Hz. Its running sum is the time.
    """
    step_s = 1 / (FLUTTER_GRID * corner_hz)
    half = round(FLUTTER_REACH_S / step_s)
    slow = np.hanning(2 * half + 3)[1:-1]
    fast = np.sinc(2 / FLUTTER_GRID * np.arange(-half, half + 1)) * slow
    ahead_s = step_s * np.cumsum(fast / fast.sum() - slow / slow.sum())
    dense = _spline(np.pad(ahead_s, 4), np.arange(0, ahead_s.size + 4, 1 / 16))
    speed = np.diff(dense) * (16 / step_s)
    return np.asarray(ahead_s / sqrt(np.sum(speed**2) / 16))


def _spline(values: Array, position: Array) -> Array:
    """Cubic B-spline with the coefficients `values` (M,) at positions from 0 up to M - 3."""
    whole = position.astype(np.int64)
    x = position - whole
    y = 1 - x
    weights = (y**3, 4 - 6 * x**2 + 3 * x**3, 4 - 6 * y**2 + 3 * y**3, x**3)
    return np.asarray(sum(weight * values[whole + n] for n, weight in enumerate(weights)) / 6)


def random_am(t_s: Array, *, percent: float, seed: int) -> Array:
    """Gain (as `t_s`) of a random amplitude modulation, `percent` rms, up to some 25 Hz: a spline of random numbers."""
    position = t_s * AM_NUMBERS_HZ
    first, last = int(np.floor(position.min())), int(np.floor(position.max()))
    noise = white_noise(seed, AM_STREAM, first, last - first + 4).astype(np.float64)
    return 1 + percent / 100 / SPLINE_RMS * _spline(noise, position - first)


def flutter_s(t_s: Array, *, percent: float, corner_hz: float, seed: int) -> Array:
    """Time (as `t_s`) by which a tape is ahead whose speed varies at random, `percent` rms, seconds.

    The spectrum of the speed is flat from 0.5 Hz to `corner_hz`, where it is 6 dB down. It is a sum of equal
    pulses, each of two seconds and with a random number of its own, so it is known at any time without those before.
    """
    taps = _flutter_taps(corner_hz)
    position = t_s * (FLUTTER_GRID * corner_hz)
    first, last = int(np.floor(position.min())), int(np.floor(position.max()))
    noise = white_noise(seed, FLUTTER_STREAM, first - taps.size, last - first + taps.size + 3)
    return np.asarray(percent / 100 * _spline(np.convolve(noise, taps, "valid"), position - first))
